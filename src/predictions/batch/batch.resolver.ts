import { Args, Context, ID, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { CurrentPrincipal, RequireRole } from '../../auth/access.js';
import type { Principal } from '../../auth/principal.js';
import { idSchema } from '../../auth/users/user.types.js';
import { AppError } from '../../errors/app-error.js';
import { toVersionType } from '../../models/models.mapping.js';
import { ModelsService } from '../../models/models.service.js';
import { ModelVersionType } from '../../models/models.types.js';
import type { GraphqlContext } from '../../platform/graphql/graphql.module.js';
import { mapPage, type Page, PageArgs } from '../../platform/graphql/pagination.js';
import { loadInBatch } from '../../platform/graphql/request-loader.js';
import { ZodPipe } from '../../platform/http/zod.pipe.js';
import { toBatchType } from './batch.mapping.js';
import { BatchPredictions } from './batch-predictions.js';
import { BatchService } from './batch.service.js';
import {
  BatchPredictionPage,
  BatchPredictionType,
  type StartBatchPrediction,
  StartBatchPredictionInput,
  startBatchPredictionSchema,
} from './batch.types.js';

@Resolver(() => BatchPredictionType)
export class BatchResolver {
  constructor(
    private readonly service: BatchService,
    private readonly batches: BatchPredictions,
    private readonly models: ModelsService,
  ) {}

  @Query(() => BatchPredictionType)
  @RequireRole('VIEWER')
  async batchPrediction(
    @Args('id', { type: () => ID }, new ZodPipe(idSchema)) id: string,
  ): Promise<BatchPredictionType> {
    return toBatchType(await this.batches.byId(id));
  }

  @Query(() => BatchPredictionPage, { description: 'Of one model or of all, newest first.' })
  @RequireRole('VIEWER')
  async batchPredictions(
    @Args() page: PageArgs,
    @Args('model', { type: () => String, nullable: true }) model?: string | null,
  ): Promise<Page<BatchPredictionType>> {
    return mapPage(await this.service.list(model ?? undefined, page), toBatchType);
  }

  @Mutation(() => BatchPredictionType, {
    description: 'Predicts every row of a dataset version, as a job. These predictions are not in the prediction log.',
  })
  @RequireRole('ENGINEER')
  async startBatchPrediction(
    @CurrentPrincipal() principal: Principal,
    @Args('input', { type: () => StartBatchPredictionInput }, new ZodPipe(startBatchPredictionSchema))
    input: StartBatchPrediction,
  ): Promise<BatchPredictionType> {
    return toBatchType(await this.service.start(input, principal));
  }

  @Mutation(() => BatchPredictionType, { description: 'The work on it ends within a second or two.' })
  @RequireRole('ENGINEER')
  async cancelBatchPrediction(
    @CurrentPrincipal() principal: Principal,
    @Args('id', { type: () => ID }, new ZodPipe(idSchema)) id: string,
  ): Promise<BatchPredictionType> {
    return toBatchType(await this.service.cancel(id, principal));
  }

  @Mutation(() => Boolean, { description: 'Deletes one that has ended, and its file.' })
  @RequireRole('ENGINEER')
  async deleteBatchPrediction(
    @CurrentPrincipal() principal: Principal,
    @Args('id', { type: () => ID }, new ZodPipe(idSchema)) id: string,
  ): Promise<boolean> {
    await this.service.delete(id, principal);
    return true;
  }

  @ResolveField(() => ModelVersionType, { description: 'Whose predictions these are.' })
  async version(
    @Parent() { versionId }: BatchPredictionType,
    @Context() { request }: GraphqlContext,
  ): Promise<ModelVersionType> {
    const version = await loadInBatch(request, 'versionById', (ids) => this.models.versionsByIds(ids), versionId);
    if (version) return toVersionType(version);
    throw new AppError('NOT_FOUND', 'The version of these predictions was deleted a moment ago.');
  }
}
