import { Args, Context, ID, Int, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { CurrentPrincipal, RequireRole } from '../auth/access.js';
import type { Principal } from '../auth/principal.js';
import { idSchema } from '../auth/users/user.types.js';
import { AppError } from '../errors/app-error.js';
import type { GraphqlContext } from '../platform/graphql/graphql.module.js';
import { mapPage, type Page, PageArgs } from '../platform/graphql/pagination.js';
import { loadInBatch } from '../platform/graphql/request-loader.js';
import { JsonScalar } from '../platform/graphql/scalars.js';
import { ZodPipe } from '../platform/http/zod.pipe.js';
import { toDatasetType, toSourceType, toVersionType } from './datasets.mapping.js';
import { type DatasetOrder, DatasetsService } from './datasets.service.js';
import {
  CreateDatasetInput,
  DatasetPage,
  datasetSchema,
  DatasetSource,
  DatasetType,
  DatasetVersionPage,
  DatasetVersionType,
  UpdateDatasetInput,
} from './datasets.types.js';
import { ExtractionRequests } from './extraction-requests.js';
import { FIRST_ROWS } from './extraction/first-rows.js';
import { visibleSource } from './visible-details.js';

@Resolver(() => DatasetType)
export class DatasetsResolver {
  constructor(
    private readonly datasets: DatasetsService,
    private readonly requests: ExtractionRequests,
  ) {}

  @Query(() => DatasetPage, { name: 'datasets', description: 'All datasets, newest first.' })
  @RequireRole('VIEWER')
  async list(@Args() page: PageArgs): Promise<Page<DatasetType>> {
    return mapPage(await this.datasets.list(page), toDatasetType);
  }

  @Query(() => DatasetType)
  @RequireRole('VIEWER')
  async dataset(@Args('name') name: string): Promise<DatasetType> {
    return toDatasetType(await this.datasets.byName(name));
  }

  @Query(() => [JsonScalar], {
    description: `The first rows of a version, the newest if no number is given; at most ${FIRST_ROWS}, long text cut.`,
  })
  @RequireRole('ENGINEER')
  async datasetRows(
    @Args('dataset') name: string,
    @Args('version', { type: () => Int, nullable: true }) number?: number | null,
    @Args('first', { type: () => Int, defaultValue: 20 }) first = 20,
  ): Promise<readonly object[]> {
    if (first < 1 || first > FIRST_ROWS) {
      throw new AppError(
        'BAD_INPUT',
        `first must be between 1 and ${FIRST_ROWS}. Download the version to see all rows.`,
      );
    }
    const { id } = await this.datasets.versionByNumber(name, number);
    const details = await this.datasets.detailsOf([id]);
    return details.get(id)?.firstRows?.slice(0, first) ?? [];
  }

  @Mutation(() => DatasetType, { description: 'Nothing is read yet: call `extractDataset`, or upload a file.' })
  @RequireRole('ENGINEER')
  async createDataset(
    @Args('input', { type: () => CreateDatasetInput }, new ZodPipe(datasetSchema)) input: DatasetOrder,
    @CurrentPrincipal() principal: Principal,
  ): Promise<DatasetType> {
    return toDatasetType(await this.datasets.create(input, principal));
  }

  @Mutation(() => DatasetType, { description: 'Another source or other options from now on; versions stay.' })
  @RequireRole('ENGINEER')
  async updateDataset(
    @Args('input', { type: () => UpdateDatasetInput }, new ZodPipe(datasetSchema)) input: DatasetOrder,
    @CurrentPrincipal() principal: Principal,
  ): Promise<DatasetType> {
    return toDatasetType(await this.datasets.update(input, principal));
  }

  @Mutation(() => Boolean, { description: 'Deletes a dataset with all versions.' })
  @RequireRole('ENGINEER')
  async deleteDataset(@Args('name') name: string, @CurrentPrincipal() principal: Principal): Promise<boolean> {
    await this.datasets.delete(name, principal);
    return true;
  }

  @Mutation(() => Boolean)
  @RequireRole('ENGINEER')
  async deleteDatasetVersion(
    @Args('dataset') name: string,
    @Args('version', { type: () => Int }) number: number,
    @CurrentPrincipal() principal: Principal,
  ): Promise<boolean> {
    await this.datasets.deleteVersion(name, number, principal);
    return true;
  }

  @Mutation(() => DatasetVersionType, { description: 'Starts an extraction; watch it with `datasetVersion`.' })
  @RequireRole('ENGINEER')
  async extractDataset(
    @Args('dataset') name: string,
    @CurrentPrincipal() principal: Principal,
  ): Promise<DatasetVersionType> {
    return toVersionType(await this.requests.extract(name, principal));
  }

  @Mutation(() => DatasetVersionType)
  @RequireRole('ENGINEER')
  async cancelExtraction(
    @Args('id', { type: () => ID }, new ZodPipe(idSchema)) id: string,
    @CurrentPrincipal() principal: Principal,
  ): Promise<DatasetVersionType> {
    return toVersionType(await this.requests.cancel(id, principal));
  }

  @ResolveField(() => DatasetSource, { description: 'What the next extraction reads.' })
  async source(
    @Parent() { id }: DatasetType,
    @Context() { request }: GraphqlContext,
    @CurrentPrincipal() principal: Principal,
  ): Promise<DatasetSource> {
    const source = await loadInBatch(request, 'currentSource', (ids) => this.datasets.currentSources(ids), id);
    if (!source) throw new AppError('NOT_FOUND', 'The dataset was deleted just now.');
    return visibleSource(toSourceType(source), principal);
  }

  @ResolveField(() => DatasetVersionType, { nullable: true, description: 'The newest version with a snapshot.' })
  async latestVersion(
    @Parent() { id }: DatasetType,
    @Context() { request }: GraphqlContext,
  ): Promise<DatasetVersionType | null> {
    const version = await loadInBatch(request, 'latestVersion', (ids) => this.datasets.latestVersions(ids), id);
    return version ? toVersionType(version) : null;
  }

  @ResolveField(() => DatasetVersionPage, { description: 'Versions with a snapshot, newest first.' })
  async versions(@Parent() { id }: DatasetType, @Args() page: PageArgs): Promise<Page<DatasetVersionType>> {
    return mapPage(await this.datasets.versionsOf(id, page), toVersionType);
  }

  @ResolveField(() => DatasetVersionPage, { description: 'All extractions, however they ended, newest first.' })
  async extractions(@Parent() { id }: DatasetType, @Args() page: PageArgs): Promise<Page<DatasetVersionType>> {
    return mapPage(await this.datasets.extractionsOf(id, page), toVersionType);
  }
}
