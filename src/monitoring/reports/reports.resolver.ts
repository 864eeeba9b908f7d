import { Args, Context, ID, Int, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { RequireRole } from '../../auth/access.js';
import { AppError } from '../../errors/app-error.js';
import { nextTurn } from '../../ml/statistics/next-turn.js';
import { toModelType, toVersionType } from '../../models/models.mapping.js';
import { ModelsService } from '../../models/models.service.js';
import { ModelType, ModelVersionType } from '../../models/models.types.js';
import type { GraphqlContext } from '../../platform/graphql/graphql.module.js';
import { mapPage, type Page, PageArgs } from '../../platform/graphql/pagination.js';
import { loadInBatch } from '../../platform/graphql/request-loader.js';
import { PageLinks } from '../../platform/http/page-links.js';
import { BigIntScalar } from '../../platform/graphql/scalars.js';
import type { DriftMode } from '../policies/policy-settings.js';
import { DriftModeEnum } from '../policies/policy.types.js';
import { WindowQualityType } from '../quality/quality.types.js';
import type { DriftReport } from './drift-report.entity.js';
import { drawDistribution } from './page/distribution.js';
import { reportPath } from './report-path.js';
import { ColumnArgs, DriftReportPage, DriftReportType, ReportColumnType } from './report.types.js';
import { type ReportOutline, Reports } from './reports.service.js';

const MOST_COLUMNS = 1_000;

@Resolver(() => DriftReportType)
export class ReportsResolver {
  constructor(
    private readonly reports: Reports,
    private readonly models: ModelsService,
    private readonly links: PageLinks,
  ) {}

  @Query(() => DriftReportType)
  @RequireRole('VIEWER')
  async driftReport(@Args('id', { type: () => ID }) id: string): Promise<DriftReportType> {
    return toReportType(await this.reports.byId(id));
  }

  @Query(() => DriftReportPage, { description: 'Reports on a model, newest first.' })
  @RequireRole('VIEWER')
  async driftReports(@Args('model') model: string, @Args() page: PageArgs): Promise<Page<DriftReportType>> {
    return mapPage(await this.reports.ofModel(model, page), toReportType);
  }

  @ResolveField(() => ModelType)
  async model(@Parent() report: DriftReportType, @Context() { request }: GraphqlContext): Promise<ModelType> {
    const model = await loadInBatch(request, 'modelById', (ids) => this.models.byIds(ids), report.modelId);
    if (!model) throw deleted();
    return toModelType(model);
  }

  @ResolveField(() => ModelVersionType)
  async version(@Parent() report: DriftReportType, @Context() { request }: GraphqlContext): Promise<ModelVersionType> {
    const load = (ids: readonly string[]) => this.models.versionsByIds(ids);
    const version = await loadInBatch(request, 'versionById', load, report.versionId);
    if (!version) throw deleted();
    return toVersionType(version);
  }

  @ResolveField(() => String, { description: 'The verdict in a sentence.' })
  async summary(@Parent() report: DriftReportType, @Context() context: GraphqlContext): Promise<string> {
    return (await this.outlineOf(report, context)).summary;
  }

  @ResolveField(() => DriftModeEnum)
  async mode(@Parent() report: DriftReportType, @Context() context: GraphqlContext): Promise<DriftMode> {
    return (await this.outlineOf(report, context)).mode;
  }

  @ResolveField(() => Int, { description: 'Columns with the verdict DRIFT.' })
  async drifted(@Parent() report: DriftReportType, @Context() context: GraphqlContext): Promise<number> {
    return (await this.outlineOf(report, context)).drifted;
  }

  @ResolveField(() => Int, { description: 'Columns of which something can be said.' })
  async judged(@Parent() report: DriftReportType, @Context() context: GraphqlContext): Promise<number> {
    return (await this.outlineOf(report, context)).judged;
  }

  @ResolveField(() => BigIntScalar, { description: 'Rows that the version was trained on.' })
  async referenceRows(@Parent() report: DriftReportType, @Context() context: GraphqlContext): Promise<number> {
    return (await this.outlineOf(report, context)).referenceRows;
  }

  @ResolveField(() => WindowQualityType, {
    nullable: true,
    description: 'Of the window that the policy looks at for quality. Null without outcomes, unless the policy asks.',
  })
  async quality(
    @Parent() report: DriftReportType,
    @Context() context: GraphqlContext,
  ): Promise<WindowQualityType | null> {
    return (await this.outlineOf(report, context)).quality;
  }

  @ResolveField(() => [ReportColumnType], { description: 'Features, the output, and the probability of its class.' })
  async columns(
    @Parent() { id }: DriftReportType,
    @Args() { verdict, names, first }: ColumnArgs,
    @Context() { request }: GraphqlContext,
  ): Promise<ReportColumnType[]> {
    if (first < 1 || first > MOST_COLUMNS) {
      throw new AppError('BAD_INPUT', `first must be between 1 and ${MOST_COLUMNS}; got ${first}.`);
    }
    const document = await loadInBatch(request, 'reportDocument', (ids) => this.reports.documents(ids), id);
    if (!document) throw deleted();
    return document.columns
      .filter((column) => (verdict ? column.verdict === verdict : true))
      .filter((column) => (names ? names.includes(column.name) : true))
      .slice(0, first)
      .map((column) => ({ ...column }));
  }

  @ResolveField(() => String, {
    description: 'Link to the page of the report, which opens in a browser for an hour without signing in.',
  })
  pageUrl(@Parent() { id }: DriftReportType, @Context() { request }: GraphqlContext): string {
    return `${request.protocol}://${request.host}${this.links.ticketed(reportPath(id))}`;
  }

  private async outlineOf({ id }: DriftReportType, { request }: GraphqlContext): Promise<ReportOutline> {
    const outline = await loadInBatch(request, 'reportOutline', (ids) => this.reports.outlines(ids), id);
    if (!outline) throw deleted();
    return outline;
  }
}

@Resolver(() => ReportColumnType)
export class ReportColumnsResolver {
  private readonly drawn = new WeakMap<object, number>();

  @ResolveField(() => String, { description: 'Both distributions as an SVG document, in light and dark.' })
  async drawing(@Parent() column: ReportColumnType, @Context() { request }: GraphqlContext): Promise<string> {
    const drawn = (this.drawn.get(request) ?? 0) + 1;
    this.drawn.set(request, drawn);
    if (drawn > MOST_COLUMNS) {
      throw new AppError('LIMIT_EXCEEDED', `A query draws at most ${MOST_COLUMNS} columns: ask for fewer of them.`);
    }
    await nextTurn();
    return drawDistribution(column);
  }
}

export function toReportType(report: DriftReport): DriftReportType {
  const { id, modelId, versionId, tick, windowFrom: from, windowTo: to, verdict, rows, createdAt } = report;
  return { id, modelId, versionId, tick, from, to, verdict, rows, createdAt };
}

function deleted(): AppError {
  return new AppError('NOT_FOUND', 'The report or its model was deleted a moment ago.');
}
