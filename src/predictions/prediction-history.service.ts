import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository, SelectQueryBuilder } from 'typeorm';
import { validate as isUuid } from 'uuid';
import { AppError } from '../errors/app-error.js';
import type { VersionAlgorithm } from '../models/algorithm.js';
import { ModelRegistry } from '../models/model-registry.js';
import { Page, PageArgs, paginate } from '../platform/graphql/pagination.js';
import { lowestPredictionId } from './prediction-id.js';
import { Prediction } from './prediction.entity.js';

/** Without a lower bound in time, this many days are searched: a query must not open every partition there is. */
export const DEFAULT_DAYS = 31;
const DAY_MS = 86_400_000;

export interface PredictionFilter {
  readonly model?: string | null;
  readonly version?: number | null;
  readonly from?: Date | null;
  readonly to?: Date | null;
  readonly caller?: string | null;
  readonly correlationId?: string | null;
  readonly shadow?: boolean | null;
}

/** A version as it is named to people. */
export interface VersionName {
  readonly name: string;
  readonly version: number;
  readonly algorithm: VersionAlgorithm;
}

/** Reads the prediction log. */
@Injectable()
export class PredictionHistory {
  constructor(
    @InjectRepository(Prediction) private readonly predictions: Repository<Prediction>,
    private readonly registry: ModelRegistry,
  ) {}

  /** @throws AppError NOT_FOUND for an unknown model or version, BAD_INPUT for a filter that makes no sense. */
  async list(filter: PredictionFilter, page: PageArgs): Promise<Page<Prediction>> {
    const query = this.predictions.createQueryBuilder('prediction');
    const { model = null, version = null, from = null, to = null, caller = null, correlationId = null } = filter;
    const { shadow = null } = filter;
    boundTime(query, from, to);
    await this.boundModel(query, model, version);
    if (caller !== null) query.andWhere('prediction.callerId = :caller', { caller: checkedId(caller, 'caller') });
    if (correlationId !== null) query.andWhere('prediction.correlationId = :correlationId', { correlationId });
    if (shadow !== null) query.andWhere(`prediction.shadowOf IS ${shadow ? 'NOT NULL' : 'NULL'}`);
    return paginate(query, 'prediction', page);
  }

  /** @throws AppError NOT_FOUND that says why an id may be unknown. */
  async byId(id: string): Promise<Prediction> {
    const prediction = isUuid(id) ? await this.predictions.findOneBy({ id }) : null;
    if (prediction) return prediction;
    throw new AppError(
      'NOT_FOUND',
      `The log holds no prediction ${id}. Use an id as predict returned it; predictions past their retention are gone.`,
    );
  }

  /** The names of versions by id; those of deleted models are absent. */
  async versionNames(ids: readonly string[]): Promise<ReadonlyMap<string, VersionName>> {
    const rows: (VersionName & { id: string })[] = await this.predictions.query(
      `SELECT model_version.id, model.name, model_version.number AS version, model_version.algorithm
       FROM model_version JOIN model ON model.id = model_version.model_id WHERE model_version.id = ANY ($1)`,
      [ids],
    );
    return new Map(rows.map(({ id, ...version }) => [id, version]));
  }

  private async boundModel(
    query: SelectQueryBuilder<Prediction>,
    name: string | null,
    number: number | null,
  ): Promise<void> {
    if (name === null) {
      if (number !== null) throw new AppError('BAD_INPUT', 'A version is a number within a model: name the model too.');
      return;
    }
    const model = await this.registry.modelByName(name);
    if (number === null) {
      query.andWhere('prediction.modelId = :model', { model: model.id });
      return;
    }
    const version = await this.registry.versionByNumber(model, number);
    query.andWhere('prediction.versionId = :version', { version: version.id });
  }
}

/** Times become a range of ids, so that the database opens the partitions of those days only. */
function boundTime(query: SelectQueryBuilder<Prediction>, from: Date | null, to: Date | null): void {
  if (from && to && from >= to) throw new AppError('BAD_INPUT', 'from must lie before to.');
  const until = to ?? new Date(Date.now() + DAY_MS); // Clocks of other replicas may be ahead.
  const since = from ?? new Date(until.getTime() - DEFAULT_DAYS * DAY_MS);
  query.andWhere('prediction.id >= :since', { since: lowestPredictionId(since) });
  query.andWhere('prediction.id < :until', { until: lowestPredictionId(until) });
}

function checkedId(id: string, field: string): string {
  if (isUuid(id)) return id;
  throw new AppError('BAD_INPUT', `${field} must be the id of a user or an API key; got ${id}.`);
}
