import { Args, Context, ID, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { RequireRole } from '../auth/access.js';
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
  ): Promise<DatasetSource> {
    const source = await loadInBatch(request, 'source', (ids) => this.datasets.sourcesByIds(ids), sourceId);
    if (!source) throw new AppError('NOT_FOUND', 'The dataset was deleted just now.');
    return toSourceType(source);
  }

  @ResolveField(() => JsonScalar, {
    nullable: true,
    description: 'Of every column: nulls, distinct values, range, mean, quantiles, histogram, most frequent values.',
  })
  async profile(@Parent() { id }: DatasetVersionType, @Context() { request }: GraphqlContext): Promise<unknown> {
    const details = await loadInBatch(request, 'versionDetails', (ids) => this.datasets.detailsOf(ids), id);
    return details?.profile ?? null;
  }

  @ResolveField(() => DatasetVersionType, {
    nullable: true,
    description: 'UNCHANGED: the version with the same content.',
  })
  async sameAs(@Parent() { sameAsId }: DatasetVersionType): Promise<DatasetVersionType | null> {
    return sameAsId === null ? null : toVersionType(await this.extractions.byId(sameAsId));
  }
}
