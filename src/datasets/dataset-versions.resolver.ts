import { Args, Context, ID, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { CurrentPrincipal, RequireRole } from '../auth/access.js';
import type { Principal } from '../auth/principal.js';
import { idSchema } from '../auth/users/user.types.js';
import { AppError } from '../errors/app-error.js';
import type { GraphqlContext } from '../platform/graphql/graphql.module.js';
import { loadInBatch } from '../platform/graphql/request-loader.js';
import { JsonScalar } from '../platform/graphql/scalars.js';
import { ZodPipe } from '../platform/http/zod.pipe.js';
import { toDatasetType, toSourceType, toVersionType } from './datasets.mapping.js';
import { DatasetsService } from './datasets.service.js';
import { DatasetSource, DatasetType, DatasetVersionType } from './datasets.types.js';
import { Extractions } from './extractions.js';
import { visibleFailure, visibleProfile, visibleSource } from './visible-details.js';

@Resolver(() => DatasetVersionType)
export class DatasetVersionsResolver {
  constructor(
    private readonly datasets: DatasetsService,
    private readonly extractions: Extractions,
  ) {}

  @Query(() => DatasetVersionType, { description: 'An extraction, or the version that it has become.' })
  @RequireRole('VIEWER')
  async datasetVersion(@Args('id', { type: () => ID }, new ZodPipe(idSchema)) id: string): Promise<DatasetVersionType> {
    return toVersionType(await this.extractions.byId(id));
  }

  @ResolveField(() => DatasetType)
  async dataset(
    @Parent() { datasetId }: DatasetVersionType,
    @Context() { request }: GraphqlContext,
  ): Promise<DatasetType> {
    const dataset = await loadInBatch(request, 'dataset', (ids) => this.datasets.byIds(ids), datasetId);
    if (!dataset) throw new AppError('NOT_FOUND', 'The dataset was deleted just now.');
    return toDatasetType(dataset);
  }

  @ResolveField(() => DatasetSource, { description: 'What this very version was read from, and how.' })
  async source(
    @Parent() { sourceId }: DatasetVersionType,
    @Context() { request }: GraphqlContext,
    @CurrentPrincipal() principal: Principal,
  ): Promise<DatasetSource> {
    const source = await loadInBatch(request, 'source', (ids) => this.datasets.sourcesByIds(ids), sourceId);
    if (!source) throw new AppError('NOT_FOUND', 'The dataset was deleted just now.');
    return visibleSource(toSourceType(source), principal);
  }

  @ResolveField(() => JsonScalar, {
    nullable: true,
    description:
      'Of every column: nulls and distinct values; for engineers also range, mean, quantiles, histogram, most frequent values.',
  })
  async profile(
    @Parent() { id }: DatasetVersionType,
    @Context() { request }: GraphqlContext,
    @CurrentPrincipal() principal: Principal,
  ): Promise<unknown> {
    const details = await loadInBatch(request, 'versionDetails', (ids) => this.datasets.detailsOf(ids), id);
    return details?.profile ? visibleProfile(details.profile, principal) : null;
  }

  @ResolveField(() => String, {
    nullable: true,
    description: 'That it failed; for engineers also why, and what to do.',
  })
  failure(@Parent() { failure }: DatasetVersionType, @CurrentPrincipal() principal: Principal): string | null {
    return failure === null ? null : visibleFailure(failure, principal);
  }

  @ResolveField(() => DatasetVersionType, {
    nullable: true,
    description: 'UNCHANGED: the version with the same content.',
  })
  async sameAs(
    @Parent() { sameAsId }: DatasetVersionType,
    @Context() { request }: GraphqlContext,
  ): Promise<DatasetVersionType | null> {
    if (sameAsId === null) return null;
    const version = await loadInBatch(request, 'datasetVersion', (ids) => this.extractions.byIds(ids), sameAsId);
    return version ? toVersionType(version) : null;
  }
}
