import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, EntityManager } from 'typeorm';
import { databaseTime } from '../../platform/database/database-time.js';
import { isCountedExactly } from '../counts/aligned-window.js';
import type { LoggedRow } from '../counts/row-binner.js';
import { WindowCounts } from '../counts/window-counts.js';
import { lowestPredictionId } from '../prediction-id.js';
import type { PredictionOutput } from '../prediction.entity.js';
import type { OutcomeValue } from './outcome.entity.js';

/** Predictions of a version or of all versions of a model, made from `from` to before `to`. */
export type PredictionWindow = ({ readonly versionId: string } | { readonly modelId: string }) & {
  readonly from: Date;
  readonly to: Date;
};

export interface SampleOptions {
  readonly seed: number;
  /** Default 10,000. */
  readonly rows?: number;
}

/** A prediction and what happened after it. */
export interface LabelledPrediction {
  readonly predictionId: string;
  readonly output: PredictionOutput;
  readonly outcome: OutcomeValue;
}

/** The row that was predicted and what happened then: what a training learns from. */
export interface LabelledRow {
  readonly predictionId: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outcome: OutcomeValue;
}

export interface WindowSize {
  readonly predictions: number;
  readonly labelled: number;
}

interface OutcomeRow {
  readonly prediction_id: string;
  readonly value: OutcomeValue;
}

const SAMPLE_ROWS = 10_000;
/** Rows in one statement: of neighbouring ids, so that the database opens the partitions of few days. */
const BATCH_ROWS = 1_000;

/** Reads predictions together with their outcomes. */
@Injectable()
export class LabelledPredictions {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly counts: WindowCounts,
  ) {}

  /**
   * How many predictions there are, and how many of them have an outcome; rows of neither are read. Those that a
   * challenger made in the shadow are among its own, and never have one.
   */
  async size(window: PredictionWindow, manager = this.dataSource.manager): Promise<WindowSize> {
    const [labelled] = await manager.query<[{ rows: string }]>(
      `SELECT count(*) AS rows FROM outcome WHERE ${ownerOf(window)} = $1 AND prediction_id >= $2 AND prediction_id < $3`,
      boundsOf(window),
    );
    return { predictions: await this.countPredictions(window, manager), labelled: Number(labelled.rows) };
  }

  /** Whether any prediction of the window has an outcome. */
  async anyOutcome(window: PredictionWindow, manager = this.dataSource.manager): Promise<boolean> {
    const found = await manager.query<unknown[]>(
      `SELECT 1 FROM outcome WHERE ${ownerOf(window)} = $1 AND prediction_id >= $2 AND prediction_id < $3 LIMIT 1`,
      boundsOf(window),
    );
    return found.length > 0;
  }

  /** At most so many predictions that have an outcome, drawn at random: the same ones for the same seed. In their order. */
  async sample(
    window: PredictionWindow,
    { seed, rows = SAMPLE_ROWS }: SampleOptions,
    manager = this.dataSource.manager,
  ): Promise<LabelledPrediction[]> {
    const drawn = await manager.query<OutcomeRow[]>(
      `SELECT prediction_id, value FROM outcome
       WHERE ${ownerOf(window)} = $1 AND prediction_id >= $2 AND prediction_id < $3
       ORDER BY uuid_hash_extended(prediction_id, $4) LIMIT $5`,
      [...boundsOf(window), seed, rows],
    );
    drawn.sort((a, b) => (a.prediction_id < b.prediction_id ? -1 : 1));
    const sampled: LabelledPrediction[] = [];
    for (let start = 0; start < drawn.length; start += BATCH_ROWS) {
      const batch = drawn.slice(start, start + BATCH_ROWS);
      for (const { prediction_id, value, logged } of await withLogged(manager, 'output', batch)) {
        sampled.push({ predictionId: prediction_id, output: logged, outcome: value });
      }
    }
    return sampled;
  }

  /** What a version or model answered, labelled or not, to at most so many predictions, drawn as in {@link sample}. */
  async sampleOutputs(
    window: PredictionWindow,
    options: SampleOptions,
    manager = this.dataSource.manager,
  ): Promise<PredictionOutput[]> {
    return sampleLogged(manager, 'output', window, options);
  }

  /** The rows that a version or model was asked about, drawn as in {@link sampleOutputs}. */
  async sampleInputs(
    window: PredictionWindow,
    options: SampleOptions,
    manager = this.dataSource.manager,
  ): Promise<LoggedRow['inputs'][]> {
    return sampleLogged(manager, 'inputs', window, options);
  }

  /**
   * All labelled predictions of a model that were made since a time, oldest first, a batch at a time, whatever their
   * number. Outcomes that arrive meanwhile may be among them or not.
   * @throws the signal's reason once it is aborted.
   */
  async *stream(modelId: string, since: Date, signal: AbortSignal): AsyncGenerator<readonly LabelledRow[]> {
    const { manager } = this.dataSource;
    let after = lowestPredictionId(since);
    for (;;) {
      signal.throwIfAborted();
      const outcomes = await manager.query<OutcomeRow[]>(
        'SELECT prediction_id, value FROM outcome WHERE model_id = $1 AND prediction_id > $2 ORDER BY prediction_id LIMIT $3',
        [modelId, after, BATCH_ROWS],
      );
      const last = outcomes.at(-1);
      if (!last) return;
      const rows = await withLogged(manager, 'inputs', outcomes);
      yield rows.map(({ prediction_id, value, logged: inputs }) => {
        return { predictionId: prediction_id, inputs, outcome: value };
      });
      if (outcomes.length < BATCH_ROWS) return;
      after = last.prediction_id;
    }
  }

  private async countPredictions(window: PredictionWindow, manager: EntityManager): Promise<number> {
    if (isCountedExactly(window, await databaseTime(manager))) {
      const versions = 'modelId' in window ? { modelId: window.modelId } : { versionIds: [window.versionId] };
      return this.counts.total({ ...versions, from: window.from, to: window.to }, manager);
    }
    const [logged] = await manager.query<[{ rows: string }]>(
      `SELECT count(*) AS rows FROM prediction WHERE ${ownerOf(window)} = $1 AND id >= $2 AND id < $3`,
      boundsOf(window),
    );
    return Number(logged.rows);
  }
}

const ownerOf = (window: PredictionWindow): string => ('modelId' in window ? 'model_id' : 'version_id');

function boundsOf(window: PredictionWindow): [owner: string, from: string, to: string] {
  const owner = 'modelId' in window ? window.modelId : window.versionId;
  return [owner, lowestPredictionId(window.from), lowestPredictionId(window.to)];
}

async function sampleLogged<Column extends keyof LoggedRow>(
  manager: EntityManager,
  column: Column,
  window: PredictionWindow,
  { seed, rows = SAMPLE_ROWS }: SampleOptions,
): Promise<LoggedRow[Column][]> {
  const drawn = await manager.query<{ id: string }[]>(
    `SELECT id FROM prediction WHERE ${ownerOf(window)} = $1 AND id >= $2 AND id < $3
     ORDER BY uuid_hash_extended(id, $4) LIMIT $5`,
    [...boundsOf(window), seed, rows],
  );
  const ids = drawn.map(({ id }) => id).sort();
  const sampled: LoggedRow[Column][] = [];
  for (let start = 0; start < ids.length; start += BATCH_ROWS) {
    const found = await logged(manager, column, ids.slice(start, start + BATCH_ROWS));
    sampled.push(...found.values());
  }
  return sampled;
}

/** A column of the log by id; those that were erased meanwhile are absent. @param ids in ascending order. */
async function logged<Column extends keyof LoggedRow>(
  manager: EntityManager,
  column: Column,
  ids: readonly string[],
): Promise<Map<string, LoggedRow[Column]>> {
  const rows = await manager.query<{ id: string; value: LoggedRow[Column] }[]>(
    `SELECT id, ${column} AS value FROM prediction WHERE id = ANY ($1) AND id BETWEEN $2 AND $3 ORDER BY id`,
    [ids, ids[0], ids.at(-1)],
  );
  return new Map(rows.map(({ id, value }) => [id, value]));
}

async function withLogged<Column extends keyof LoggedRow>(
  manager: EntityManager,
  column: Column,
  outcomes: readonly OutcomeRow[],
): Promise<(OutcomeRow & { readonly logged: LoggedRow[Column] })[]> {
  const ids = outcomes.map(({ prediction_id }) => prediction_id);
  const found = await logged(manager, column, ids);
  return outcomes.flatMap((outcome) => {
    const value = found.get(outcome.prediction_id);
    return value === undefined ? [] : [{ ...outcome, logged: value }];
  });
}
