/** Fills the log and the counts, lets the compaction do its work, and times the check over the window. */
import pg from 'pg';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { DriftColumn } from '../../../src/ml/statistics/drift/column.ts';
import type { Reference } from '../../../src/models/artifact/manifest.ts';
import type { VersionCounter } from '../../../src/predictions/counts/binnings.ts';
import * as boucle from './built.ts';
import { answersOf, CATEGORIES, drawRows, type Rows, signature } from './rows.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Predictions of one commit, as a busy service makes them. */
const COMMIT_ROWS = 500;
/** The counts of more than the log holds are made in parts of this size, by commits of ten times as busy a service. */
const PART_ROWS = 100_000;
const COUNTED_COMMIT_ROWS = 10 * COMMIT_ROWS;

export interface CheckTiming {
  readonly rows: number;
  /** Rows of window_counts that a check reads. */
  readonly countRows: number;
  readonly drifted: readonly string[];
  readonly milliseconds: number[];
}

/** A model of the benchmark with its counts in one window of 24 hours, which ends with the last full hour. */
export class CheckBench {
  readonly to = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
  private readonly from = this.to - DAY_MS;
  private readonly source: DataSource;
  private readonly reference: Reference;
  private readonly binnings: InstanceType<typeof boucle.Binnings>;
  private readonly counts: InstanceType<typeof boucle.WindowCounts>;

  private constructor(source: DataSource, reference: Rows) {
    this.source = source;
    this.reference = referenceOf(reference);
    this.binnings = new boucle.Binnings(source.getRepository(boucle.BinningRow));
    this.counts = new boucle.WindowCounts(source, this.binnings);
  }

  static async open(databaseUrl: string, reference: Rows): Promise<CheckBench> {
    const entities = [boucle.BinningRow];
    const source = await new DataSource({ type: 'postgres', url: databaseUrl, entities }).initialize();
    return new CheckBench(source, reference);
  }

  close(): Promise<void> {
    return this.source.destroy();
  }

  /** A version of a model of its own. */
  async register(name: string): Promise<VersionCounter> {
    const id = uuidv7();
    await this.source.query(`INSERT INTO dataset (id, name) VALUES ($1, $2)`, [id, name]);
    await this.source.query(
      `INSERT INTO model (id, name, task, dataset_id, target, features, gate, promotion_mode, last_version)
       VALUES ($1, $2, 'REGRESSION', $1, 'amount', '{}', '{}', 'MANUAL', 1)`,
      [id, name],
    );
    const versionId = uuidv7();
    await this.source.query(
      `INSERT INTO model_version (id, model_id, number, algorithm, run_id, stage, artifact_key, artifact_sha256,
         artifact_bytes, signature, metrics, manifest, passed_floors)
       VALUES ($1, $2, 1, 'LINEAR_REGRESSION', $1, 'CHAMPION', '', '', 1, $3, '{}', $4, true)`,
      [versionId, id, signature, { reference: this.reference }],
    );
    return (await this.binnings.counterOf(versionId))!;
  }

  /** Logs and counts predictions as serving does, spread evenly over the window. */
  async log(counter: VersionCounter, rows: Rows): Promise<void> {
    const partitions = new boucle.PredictionPartitions(this.source);
    await partitions.ensure([this.from, this.to].map((time) => new Date(time).toISOString().slice(0, 10)));
    const answers = answersOf(rows);
    for (let start = 0; start < rows.rows; start += COMMIT_ROWS) {
      const part = partOf(rows, answers, start, Math.min(start + COMMIT_ROWS, rows.rows));
      const counted = this.count(counter, part, start, rows.rows);
      const logged = counted.map((prediction, row) => ({
        ...prediction,
        modelId: counter.modelId,
        versionId: counter.versionId,
        inputs: JSON.stringify(
          Object.fromEntries(signature.features.map(({ name }, i) => [name, part.inputs[i]![row]])),
        ),
        output: JSON.stringify(part.outputs[row]),
        latencyUs: 100,
        callerKind: 'USER' as const,
        callerId: counter.modelId,
        correlationId: null,
        requestId: 'bench',
      }));
      await boucle.insertPredictions(this.source.manager, [logged]);
    }
  }

  /** Counts predictions as serving does, and leaves the log out: a check does not read it. */
  async countOnly(counter: VersionCounter, total: number, seed: number): Promise<void> {
    for (let done = 0; done < total; done += PART_ROWS) {
      const rows = drawRows(Math.min(PART_ROWS, total - done), seed + done, 'CURRENT');
      const answers = answersOf(rows);
      for (let start = 0; start < rows.rows; start += COUNTED_COMMIT_ROWS) {
        const part = partOf(rows, answers, start, Math.min(start + COUNTED_COMMIT_ROWS, rows.rows));
        const sums = new boucle.WindowSums();
        for (const prediction of this.count(counter, part, done + start, total)) sums.add(prediction);
        const counts = sums.values().map((sum) => boucle.toWindowCountRow(sum, 'BATCH'));
        await boucle.insertCounts(this.source.manager, counts);
      }
    }
  }

  /** What the scheduler does every few seconds, for all that is due. */
  async compact(): Promise<void> {
    await new boucle.WindowCompaction(this.source, this.binnings).run(new Date());
    await this.source.query('VACUUM ANALYZE window_counts');
  }

  /** Checks the versions in turn, so that whatever else happens on the machine happens to all of them. */
  async time(versions: readonly VersionCounter[], runs: number): Promise<CheckTiming[]> {
    for (const version of versions) await this.check(version);
    const times: number[][] = versions.map(() => []);
    for (let run = 0; run < runs; run++) {
      for (const [i, version] of versions.entries()) {
        const began = performance.now();
        await this.check(version);
        times[i]!.push(performance.now() - began);
      }
    }
    return Promise.all(versions.map((version, i) => this.describe(version, times[i]!)));
  }

  /** The check: reads the reference of the version, merges the window, compares every column. */
  private async check({ versionId }: VersionCounter) {
    const [version] = await this.source.query<[{ reference: Reference }]>(
      `SELECT manifest -> 'reference' AS reference FROM model_version WHERE id = $1`,
      [versionId],
    );
    const window = { from: new Date(this.from), to: new Date(this.to) };
    const [merged] = await this.counts.merge({ versionIds: [versionId], ...window });
    const columns = merged!.features.map(({ name, binning, counts }, i): DriftColumn => {
      const { type } = signature.features[i]!;
      return { name, type, counts: { binning, reference: version.reference.features[name]!.counts, current: counts } };
    });
    return { rows: merged!.rows, verdict: boucle.judgeDrift(columns) };
  }

  private async describe(version: VersionCounter, milliseconds: number[]): Promise<CheckTiming> {
    const { rows, verdict } = await this.check(version);
    const [{ n }] = await this.source.query<[{ n: number }]>(
      'SELECT count(*)::int AS n FROM window_counts WHERE version_id = $1',
      [version.versionId],
    );
    const drifted = verdict.columns.filter((column) => column.verdict === 'DRIFT').map(({ name }) => name);
    return { rows, countRows: n, drifted, milliseconds };
  }

  /** Rows that were predicted together, with ids at their share of the window. */
  private count(counter: VersionCounter, { inputs, outputs }: Part, start: number, total: number) {
    const binned = { counter, positions: counter.binner.bin(inputs, outputs) };
    return outputs.map((_, binnedRow) => {
      const msecs = this.from + Math.floor(((start + binnedRow) / total) * DAY_MS);
      return { id: uuidv7({ msecs }), binned, binnedRow };
    });
  }
}

interface Part {
  readonly inputs: readonly (Float64Array | string[])[];
  readonly outputs: readonly { readonly value: number }[];
}

function partOf({ numbers, kinds }: Rows, answers: Float64Array, start: number, end: number): Part {
  const kindsOf = (column: Uint8Array): string[] =>
    Array.from(column.subarray(start, end), (kind) => CATEGORIES[kind]!);
  return {
    inputs: [...numbers.map((column) => column.subarray(start, end)), ...kinds.map(kindsOf)],
    outputs: Array.from(answers.subarray(start, end), (value) => ({ value })),
  };
}

/** What a training on these rows leaves in the manifest: 64 bins a number, and the rows in each. */
function referenceOf(rows: Rows): Reference {
  const numeric = (values: Float64Array) => {
    const { lower, upper } = boucle.numericBinning(values)!;
    const binning = { type: 'NUMERIC' as const, lower, upper: [...upper] };
    return { binning, counts: [...boucle.count(binning, values)] };
  };
  const categorical = (codes: Uint8Array) => {
    const binning = { type: 'CATEGORICAL' as const, categories: [...CATEGORIES] };
    return {
      binning,
      counts: [
        ...boucle.count(
          binning,
          Array.from(codes, (code) => CATEGORIES[code]!),
        ),
      ],
    };
  };
  const distributions = [...rows.numbers.map(numeric), ...rows.kinds.map(categorical)];
  return {
    rows: rows.rows,
    features: Object.fromEntries(signature.features.map(({ name }, i) => [name, distributions[i]!])),
    output: numeric(answersOf(rows)),
  };
}

/** The server's version, as it says it. */
export async function postgresVersion(databaseUrl: string): Promise<string> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
  await client.end();
  return rows[0]!.server_version;
}
