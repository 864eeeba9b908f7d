import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, EntityManager } from 'typeorm';
import { QUEUE_SCHEMA } from '../../platform/queue/queue-schema.js';
import { type Figure, type Figures, scoreFigures, type ScoreRow } from './figures.js';

const STATEMENT_TIMEOUT_MS = 2_000;
/** Models whose newest report is exported, the most recently checked first. */
const MOST_MODELS = 1_000;

interface ReportFigures {
  readonly scores: readonly Figure[];
  readonly coverage: readonly Figure[];
  readonly quality: readonly Figure[];
}

interface ReportRow {
  readonly id: string;
  readonly model: string;
  readonly version: number;
  readonly predictions: number | null;
  readonly labelled: number | null;
  readonly scores: readonly ScoreRow[] | null;
  readonly metrics: readonly { readonly name: string; readonly value: number | null }[] | null;
}

/** Reads what monitoring exports, in one transaction whose cost does not grow with traffic or age. */
@Injectable()
export class FigureReader {
  /** Reports never change, so each is opened once. */
  private opened: ReadonlyMap<string, ReportFigures> = new Map();

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async read(): Promise<Figures> {
    return this.dataSource.transaction('REPEATABLE READ', async (manager) => {
      await manager.query(`SET LOCAL statement_timeout = ${STATEMENT_TIMEOUT_MS}`);
      await manager.query('SET TRANSACTION READ ONLY');
      const reports = [...(await this.reports(manager)).values()];
      return {
        scores: reports.flatMap(({ scores }) => scores),
        coverage: reports.flatMap(({ coverage }) => coverage),
        quality: reports.flatMap(({ quality }) => quality),
        ages: await figures(manager, AGES, ['model']),
        champions: await figures(manager, CHAMPIONS, ['model']),
        runs: await figures(manager, RUNS, ['algorithm', 'backend', 'state']),
        waits: await figures(manager, WAITS, ['state']),
        jobs: await figures(manager, JOBS, ['queue', 'state']),
        decisions: await figures(manager, DECISIONS, ['model', 'verdict']),
      };
    });
  }

  private async reports(manager: EntityManager): Promise<ReadonlyMap<string, ReportFigures>> {
    const newest = await manager.query<{ id: string }[]>(NEWEST_REPORTS, [MOST_MODELS]);
    const unopened = newest.map(({ id }) => id).filter((id) => !this.opened.has(id));
    const rows = unopened.length === 0 ? [] : await manager.query<ReportRow[]>(REPORTS, [unopened]);
    const opened = new Map(rows.map((row) => [row.id, reportFigures(row)]));
    this.opened = new Map(newest.map(({ id }) => [id, this.opened.get(id) ?? opened.get(id) ?? NOTHING]));
    return this.opened;
  }
}

const NOTHING: ReportFigures = { scores: [], coverage: [], quality: [] };

const NEWEST_REPORTS = `
  SELECT newest.id FROM monitoring_policy policy CROSS JOIN LATERAL (
    SELECT id FROM drift_report report WHERE report.model_id = policy.model_id ORDER BY id DESC LIMIT 1) newest
  ORDER BY newest.id DESC LIMIT $1`;

const REPORTS = `
  SELECT report.id, model.name AS model, (document ->> 'version')::int AS version,
    (document #>> '{quality,predictions}')::float8 AS predictions, (document #>> '{quality,labelled}')::float8 AS labelled,
    (SELECT jsonb_agg(jsonb_build_object('feature', col ->> 'name', 'method', chk ->> 'method', 'score', chk -> 'score'))
     FROM jsonb_array_elements(document -> 'columns') col, jsonb_array_elements(col -> 'checks') chk
     WHERE chk ->> 'score' IS NOT NULL) AS scores,
    document #> '{quality,metrics}' AS metrics
  FROM drift_report report JOIN model ON model.id = report.model_id
  WHERE report.id = ANY ($1)`;

const AGES = `
  SELECT model.name AS model, greatest(0, extract(epoch FROM now() - version.created_at))::float8 AS value
  FROM model_version version JOIN model ON model.id = version.model_id
  WHERE version.stage = 'CHAMPION'`;

const CHAMPIONS = `
  SELECT model.name AS model, version.number::float8 AS value
  FROM model_version version JOIN model ON model.id = version.model_id
  WHERE version.stage = 'CHAMPION'`;

const RUNS = `
  SELECT algorithm, backend, state, count(*)::float8 AS value FROM training_run GROUP BY algorithm, backend, state`;

const WAITS = `
  SELECT state, greatest(0, extract(epoch FROM now() - min(created_at)))::float8 AS value
  FROM training_run WHERE finished_at IS NULL GROUP BY state`;

/** The queue counts its jobs itself, every few seconds. */
const JOBS = `
  SELECT name AS queue, state, jobs::float8 AS value
  FROM ${QUEUE_SCHEMA}.queue CROSS JOIN LATERAL (
    VALUES ('deferred', deferred_count), ('queued', ready_count), ('active', active_count)) counted(state, jobs)`;

const DECISIONS = `
  SELECT model.name AS model, verdict, decisions::float8 AS value
  FROM retraining_decision_count JOIN model ON model.id = model_id`;

async function figures(manager: EntityManager, sql: string, labelNames: readonly string[]): Promise<Figure[]> {
  const rows = await manager.query<Record<string, string | number>[]>(sql);
  return rows.map((row) => ({
    labels: Object.fromEntries(labelNames.map((name) => [name, row[name]!])),
    value: Number(row['value']),
  }));
}

function reportFigures({ model, version, predictions, labelled, scores, metrics }: ReportRow): ReportFigures {
  const isKnown = predictions !== null && labelled !== null && predictions > 0;
  return {
    scores: scoreFigures({ model, version }, scores ?? []),
    coverage: isKnown ? [{ labels: { model }, value: labelled / predictions }] : [],
    quality: (metrics ?? []).flatMap(({ name, value }) =>
      value === null ? [] : [{ labels: { model, version, metric: name }, value }],
    ),
  };
}
