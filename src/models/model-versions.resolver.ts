import { Args, Context, ID, Int, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { RequireRole } from '../auth/access.js';
import { AppError } from '../errors/app-error.js';
import type { GraphqlContext } from '../platform/graphql/graphql.module.js';
import { loadInBatch } from '../platform/graphql/request-loader.js';
import { JsonScalar } from '../platform/graphql/scalars.js';
import { PageLinks } from '../platform/http/page-links.js';
import type { EvaluatorKind, Manifest } from './artifact/manifest.js';
import { cardPath } from './card/card-path.js';
import { ModelRegistry } from './model-registry.js';
import { toMetrics, toModelType, toVersionType, toWarnings } from './models.mapping.js';
import { ModelsService } from './models.service.js';
import { EvaluatorKindEnum } from './models.enums.js';
import { ModelType, ModelVersionType } from './models.types.js';
import { ImportanceType, Metric, TrainingWarning } from './version-quality.types.js';

/** Fields that come from a version's manifest, which is read only for queries that ask. */
@Resolver(() => ModelVersionType)
export class ModelVersionsResolver {
  constructor(
    private readonly models: ModelsService,
    private readonly registry: ModelRegistry,
    private readonly links: PageLinks,
  ) {}

  @Query(() => ModelVersionType)
  @RequireRole('VIEWER')
  async modelVersion(
    @Args('model') name: string,
    @Args('version', { type: () => Int }) version: number,
  ): Promise<ModelVersionType> {
    return toVersionType(await this.registry.versionByNumber(await this.registry.modelByName(name), version));
  }

  @ResolveField(() => ModelType)
  async model(@Parent() version: ModelVersionType, @Context() { request }: GraphqlContext): Promise<ModelType> {
    const model = await loadInBatch(request, 'modelById', (ids) => this.models.byIds(ids), version.modelId);
    if (!model) throw new AppError('NOT_FOUND', 'The model of this version was deleted a moment ago.');
    return toModelType(model);
  }

  @ResolveField(() => [Metric])
  async metrics(@Parent() version: ModelVersionType, @Context() context: GraphqlContext): Promise<Metric[]> {
    return toMetrics(await this.manifestOf(version, context));
  }

  @ResolveField(() => JsonScalar, {
    nullable: true,
    description: 'Classification: F1 by class, and confusion[i][j] = held-out rows of class i predicted as j.',
  })
  async classMetrics(@Parent() version: ModelVersionType, @Context() context: GraphqlContext): Promise<unknown> {
    const { f1, confusion } = (await this.manifestOf(version, context)).metrics.holdout;
    return f1 && confusion ? { f1, confusion } : null;
  }

  @ResolveField(() => JsonScalar, {
    nullable: true,
    description:
      'On the held-out rows, as far as a drawing needs it: points of the ROC and precision-recall curves and a reliability curve, or residuals (truth − prediction). Null for versions from before it existed.',
  })
  async diagnostics(@Parent() version: ModelVersionType, @Context() context: GraphqlContext): Promise<unknown> {
    return (await this.manifestOf(version, context)).diagnostics ?? null;
  }

  @ResolveField(() => JsonScalar, {
    nullable: true,
    description:
      'Classification: how probabilities were calibrated (NONE, PLATT or ISOTONIC), the log loss of each method on validation rows, and quality with a reliability curve before and after on held-out rows.',
  })
  async calibration(@Parent() version: ModelVersionType, @Context() context: GraphqlContext): Promise<unknown> {
    return (await this.manifestOf(version, context)).calibration ?? null;
  }

  @ResolveField(() => JsonScalar, { description: 'As used, with defaults filled in.' })
  async hyperparameters(@Parent() version: ModelVersionType, @Context() context: GraphqlContext): Promise<unknown> {
    return (await this.manifestOf(version, context)).hyperparameters;
  }

  @ResolveField(() => JsonScalar, { description: 'Coefficients with standard errors, or the importance of features.' })
  async summary(@Parent() version: ModelVersionType, @Context() context: GraphqlContext): Promise<unknown> {
    return (await this.manifestOf(version, context)).summary;
  }

  @ResolveField(() => ImportanceType, {
    nullable: true,
    description: 'Of the columns. Null for versions from before it was measured.',
  })
  async importance(
    @Parent() version: ModelVersionType,
    @Context() context: GraphqlContext,
  ): Promise<ImportanceType | null> {
    return (await this.manifestOf(version, context)).importance ?? null;
  }

  @ResolveField(() => [TrainingWarning], { description: 'What the training found remarkable in the data.' })
  async warnings(@Parent() version: ModelVersionType, @Context() context: GraphqlContext): Promise<TrainingWarning[]> {
    return toWarnings(await this.manifestOf(version, context));
  }

  @ResolveField(() => String, {
    description: 'Link to the model card, which opens in a browser for an hour without signing in.',
  })
  async cardUrl(@Parent() version: ModelVersionType, @Context() context: GraphqlContext): Promise<string> {
    const { name } = await this.model(version, context);
    const { protocol, host } = context.request;
    return `${protocol}://${host}${this.links.ticketed(cardPath(name, version.version))}`;
  }

  @ResolveField(() => EvaluatorKindEnum, { description: 'What computed its metrics when it was registered.' })
  async evaluator(@Parent() version: ModelVersionType, @Context() context: GraphqlContext): Promise<EvaluatorKind> {
    return (await this.manifestOf(version, context)).evaluator ?? 'COMPILED';
  }

  @ResolveField(() => ID)
  async datasetVersionId(@Parent() version: ModelVersionType, @Context() context: GraphqlContext): Promise<string> {
    return (await this.manifestOf(version, context)).dataset.versionId;
  }

  private async manifestOf(version: ModelVersionType, { request }: GraphqlContext): Promise<Manifest> {
    const manifest = await loadInBatch(request, 'manifestOf', (ids) => this.models.manifestsOf(ids), version.id);
    if (!manifest) throw new AppError('NOT_FOUND', 'This version was deleted a moment ago.');
    return manifest;
  }
}
