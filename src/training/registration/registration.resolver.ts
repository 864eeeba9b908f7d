import { Args, Context, ID, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { CurrentPrincipal, RequireRole } from '../../auth/access.js';
import type { Principal } from '../../auth/principal.js';
import { idSchema } from '../../auth/users/user.types.js';
import { toVersionType } from '../../models/models.mapping.js';
import { ModelsService } from '../../models/models.service.js';
import { ModelVersionType } from '../../models/models.types.js';
import type { GraphqlContext } from '../../platform/graphql/graphql.module.js';
import { mapPage, type Page, PageArgs } from '../../platform/graphql/pagination.js';
import { loadInBatch } from '../../platform/graphql/request-loader.js';
import { ZodPipe } from '../../platform/http/zod.pipe.js';
import { toRegistrationType } from './registration.mapping.js';
import { RegistrationService } from './registration.service.js';
import {
  type RegisterModelVersion,
  RegisterModelVersionInput,
  registerModelVersionSchema,
  VersionRegistrationPage,
  VersionRegistrationType,
} from './registration.types.js';
import { Registrations } from './registrations.js';

@Resolver(() => VersionRegistrationType)
export class RegistrationResolver {
  constructor(
    private readonly service: RegistrationService,
    private readonly registrations: Registrations,
    private readonly models: ModelsService,
  ) {}

  @Query(() => VersionRegistrationType)
  @RequireRole('VIEWER')
  async versionRegistration(
    @Args('id', { type: () => ID }, new ZodPipe(idSchema)) id: string,
  ): Promise<VersionRegistrationType> {
    return toRegistrationType(await this.registrations.byId(id));
  }

  @Query(() => VersionRegistrationPage, { description: 'Of one model or of all, newest first.' })
  @RequireRole('VIEWER')
  async versionRegistrations(
    @Args() page: PageArgs,
    @Args('model', { type: () => String, nullable: true }) model?: string | null,
  ): Promise<Page<VersionRegistrationType>> {
    return mapPage(await this.service.list(model ?? undefined, page), toRegistrationType);
  }

  @Mutation(() => VersionRegistrationType, {
    description:
      'Makes a version of an uploaded ONNX file: checks it in a process of its own, measures it on a dataset version, and registers it as a CANDIDATE.',
  })
  @RequireRole('ENGINEER')
  async registerModelVersion(
    @CurrentPrincipal() principal: Principal,
    @Args('input', { type: () => RegisterModelVersionInput }, new ZodPipe(registerModelVersionSchema))
    input: RegisterModelVersion,
  ): Promise<VersionRegistrationType> {
    return toRegistrationType(await this.service.register(input, principal));
  }

  @Mutation(() => VersionRegistrationType, { description: 'The process that checks the file ends within a second.' })
  @RequireRole('ENGINEER')
  async cancelVersionRegistration(
    @CurrentPrincipal() principal: Principal,
    @Args('id', { type: () => ID }, new ZodPipe(idSchema)) id: string,
  ): Promise<VersionRegistrationType> {
    return toRegistrationType(await this.service.cancel(id, principal));
  }

  @ResolveField(() => ModelVersionType, { nullable: true, description: 'What came out of it.' })
  async version(
    @Parent() { versionId }: VersionRegistrationType,
    @Context() { request }: GraphqlContext,
  ): Promise<ModelVersionType | null> {
    if (versionId === null) return null;
    const version = await loadInBatch(request, 'versionById', (ids) => this.models.versionsByIds(ids), versionId);
    return version ? toVersionType(version) : null;
  }
}

/** The registration of a version, resolved here since `models` knows nothing of registrations. */
@Resolver(() => ModelVersionType)
export class VersionOriginResolver {
  constructor(private readonly service: RegistrationService) {}

  @ResolveField(() => VersionRegistrationType, { nullable: true, description: 'Of a FOREIGN version.' })
  async registration(
    @Parent() { registrationId }: ModelVersionType,
    @Context() { request }: GraphqlContext,
  ): Promise<VersionRegistrationType | null> {
    if (registrationId === null) return null;
    const load = (ids: readonly string[]) => this.service.byIds(ids);
    const registration = await loadInBatch(request, 'registrationById', load, registrationId);
    return registration ? toRegistrationType(registration) : null;
  }
}
