import { createHash } from 'node:crypto';
import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { layoutOf } from '../../src/training/container/layout.js';
import { hyperparametersFile, type TrainingSpec } from '../../src/training/container/order.js';
import { manifestSchema, type Manifest } from '../../src/models/artifact/manifest.js';
import { runBoucle } from '../support/boucle-process.js';
import { WEATHER_FEATURES, weatherSql, writeParquet } from '../support/training-data.js';

const DATA = weatherSql();

let folder: string;
let counter = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'boucle-container-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

interface Order {
  readonly algorithm?: 'LINEAR_REGRESSION' | 'LOGISTIC_REGRESSION' | 'RANDOM_FOREST';
  readonly hyperparameters?: Record<string, unknown>;
  readonly spec?: Partial<TrainingSpec>;
  readonly sql?: string;
  readonly seed?: number;
  readonly threads?: number;
}

async function prepare({ algorithm = 'RANDOM_FOREST', hyperparameters = { trees: 10 }, ...order }: Order) {
  const layout = layoutOf(join(folder, String(counter++)));
  await Promise.all([layout.config, layout.training, layout.spec].map((path) => mkdir(path, { recursive: true })));
  await writeParquet(order.sql ?? DATA, join(layout.training, 'data.parquet'));
  const settings = hyperparametersFile({ algorithm, seed: order.seed ?? 7, hyperparameters });
  await writeFile(join(layout.config, 'hyperparameters.json'), JSON.stringify(settings));
  const spec: TrainingSpec = {
    task: 'CLASSIFICATION',
    target: 'weather',
    features: WEATHER_FEATURES,
    dataset: { versionId: 'v1', contentHash: 'c1' },
    ...order.spec,
  };
  await writeFile(join(layout.spec, 'training.json'), JSON.stringify(spec));
  return layout;
}

/** Runs the command `train` as a process of its own, the way every backend does. */
async function run(order: Order = {}) {
  const layout = await prepare(order);
  const { code, output } = await runBoucle(['train', '--root', layout.root], {
    TRAINING_THREADS: String(order.threads ?? 1),
  });
  return { layout, code, output };
}

async function train(order: Order = {}) {
  const { layout, code, output } = await run(order);
  if (code !== 0) throw new Error(output);
  const manifest: Manifest = manifestSchema.parse(
    JSON.parse(await readFile(join(layout.model, 'manifest.json'), 'utf8')),
  );
  const read = (name: string): Promise<Buffer> => readFile(join(layout.model, name));
  return { layout, output, lines: output.split('\n'), manifest, read };
}

describe('a training on the container layout', () => {
  it.each(['RANDOM_FOREST', 'LOGISTIC_REGRESSION'] as const)('%s learns classes', async (algorithm) => {
    const { manifest, lines, read, layout } = await train({ algorithm, hyperparameters: {} });
    expect(manifest.signature.classes).toEqual(['fog', 'rain', 'sun']);
    expect(manifest.signature.features.map(({ name, type }) => [name, type])).toEqual([
      ['month', 'NUMBER'],
      ['pressure', 'NUMBER'],
      ['wind', 'NUMBER'],
      ['coast', 'BOOLEAN'],
      ['kind', 'STRING'],
    ]);
    const { train: fitted, validation, holdout } = manifest.metrics;
    expect(fitted.rows + validation.rows + holdout.rows).toBe(2000 - 21);
    expect(fitted.rows / 1979).toBeCloseTo(0.7, 1);
    expect(holdout.scores['logLoss']).toBeLessThan(manifest.baseline.holdout.scores['logLoss']! * 0.9);
    expect(lines.find((line) => line.startsWith('validation:logLoss='))).toBe(
      `validation:logLoss=${String(validation.scores['logLoss'])};`,
    );
    expect(lines.join('\n')).toMatch(/largest difference from ONNX Runtime: \d/);
    const { low, high } = manifest.intervals!.metrics['logLoss']!;
    expect(low).toBeLessThan(holdout.scores['logLoss']!);
    expect(high).toBeGreaterThan(holdout.scores['logLoss']!);
    const { diagnostics } = manifest;
    if (diagnostics?.task !== 'CLASSIFICATION') throw new TypeError('no curves');
    for (const curves of [diagnostics.roc, diagnostics.precisionRecall]) {
      expect(curves.map((curve) => curve.class)).toEqual(['fog', 'rain', 'sun']);
      for (const { points } of curves) expect(points.length > 10 && points.length <= 200).toBe(true);
    }
    expect(diagnostics.reliability.reduce((sum, { rows }) => sum + rows, 0)).toBe(holdout.rows);
    expect((await readdir(layout.model)).sort()).toEqual(['manifest.json', 'model.onnx', 'reference.parquet']);
    expect((await readdir(layout.root)).sort()).toEqual(['input', 'model', 'output']);
    expect(await readdir(layout.output)).toEqual([]);
    for (const [name, { sha256 }] of Object.entries(manifest.files)) {
      expect(
        createHash('sha256')
          .update(await read(name))
          .digest('hex'),
      ).toBe(sha256);
    }
  });

  it.each(['RANDOM_FOREST', 'LINEAR_REGRESSION'] as const)('%s learns numbers', async (algorithm) => {
    const spec = { task: 'REGRESSION', target: 'temperature', features: ['month', 'pressure', 'kind'] } as const;
    const { manifest } = await train({
      algorithm,
      hyperparameters: {},
      spec: { ...spec, features: [...spec.features] },
    });
    expect(manifest.metrics.holdout.scores['rmse']).toBeLessThan(manifest.baseline.holdout.scores['rmse']!);
    expect(manifest.reference.output?.binning.type).toBe('NUMERIC');
    const { rows, scores } = manifest.metrics.holdout;
    const errors = manifest.holdoutErrors!;
    const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
    expect(errors.rows).toHaveLength(manifest.reference.output!.counts.length);
    expect(sum(errors.rows)).toBe(rows);
    expect(sum(errors.absolute) / rows).toBeCloseTo(scores['mae']!, 10);
    expect(Math.sqrt(sum(errors.squared) / rows)).toBeCloseTo(scores['rmse']!, 10);
    const { low, high } = manifest.intervals!.metrics['rmse']!;
    expect(low! < scores['rmse']! && scores['rmse']! < high!).toBe(true);
    const { diagnostics } = manifest;
    if (diagnostics?.task !== 'REGRESSION') throw new TypeError('no residuals');
    const { mean, deviation, points } = diagnostics.residuals;
    expect(Math.sqrt(mean ** 2 + (deviation ** 2 * (rows - 1)) / rows)).toBeCloseTo(scores['rmse']!, 8);
    expect(points).toHaveLength(200);
  });

  it('describes the reference by counts that add up to the training rows', async () => {
    const { manifest, read, layout } = await train();
    const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
    const { rows, features, output } = manifest.reference;
    expect(rows).toBe(manifest.metrics.train.rows);
    for (const distribution of Object.values(features)) expect(sum(distribution!.counts)).toBe(rows);
    expect(sum(output!.counts)).toBe(rows);
    // 'kind' is missing in every eleventh row; the last count is that of missing values.
    expect(features['kind']!.counts.at(-1)! / rows).toBeCloseTo(1 / 11, 1);
    expect((await read('reference.parquet')).subarray(0, 4).toString()).toBe('PAR1');
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    const sample = await connection.runAndReadAll(
      `SELECT count(*)::INT AS n, count(kind)::INT AS kinds, count(weather)::INT AS targets, min(pressure) AS low FROM '${layout.model}/reference.parquet'`,
    );
    const [row] = sample.getRowObjectsJS();
    expect(row).toEqual({
      n: rows,
      kinds: rows - features['kind']!.counts.at(-1)!,
      targets: rows,
      low: expect.closeTo(1000, 0) as number,
    });
    connection.closeSync();
    instance.closeSync();
  });

  it('gives the same bytes for the same order, whatever the number of threads, and others for another seed', async () => {
    const files = ['model.onnx', 'reference.parquet', 'manifest.json'];
    const bytes = async (order: Order): Promise<string[]> => {
      const { read } = await train(order);
      return Promise.all(files.map(async (file) => (await read(file)).toString('base64')));
    };
    const first = await bytes({ seed: 1 });
    expect(await bytes({ seed: 1, threads: 2 })).toEqual(first);
    expect((await bytes({ seed: 2 }))[0]).not.toBe(first[0]);
  });

  it('calibrates probabilities that are too sure, inside the graph, and says what it was worth', async () => {
    // Fully grown trees on labels of which a third is drawn by lot.
    const sql = `SELECT i % 1000 AS x, uniform(i, 1) AS y, CASE WHEN uniform(i, 2) < 0.33 THEN uniform(i, 3) < 0.5 ELSE uniform(i, 1) < 0.5 END AS up FROM range(4000) t(i)`;
    const spec = { target: 'up', features: ['x', 'y'] };
    const { manifest, lines } = await train({ hyperparameters: { trees: 12, minLeaf: 1, maxDepth: 30 }, spec, sql });
    const { method, logLoss, before, after } = manifest.calibration!;
    expect(['PLATT', 'ISOTONIC']).toContain(method);
    expect(logLoss[method]).toBe(Math.min(...Object.values(logLoss)));
    expect(manifest.metrics.validation.scores['logLoss']).toBeCloseTo(logLoss[method]!, 10);
    expect(manifest.metrics.holdout.scores['logLoss']).toBe(after.logLoss);
    expect(after.logLoss).toBeLessThan(before.logLoss);
    expect(after.ece).toBeLessThan(before.ece);
    for (const { reliability } of [before, after]) {
      expect(reliability.reduce((sum, { rows }) => sum + rows, 0)).toBe(manifest.metrics.holdout.rows);
    }
    expect(lines.join('\n')).toContain(`calibration: ${method}`);
  });

  it('divides rows by time on request: the latest are held out, those without a time left out', async () => {
    const spec = { task: 'REGRESSION', target: 'temperature', features: ['month'] } as const;
    const { manifest, lines } = await train({
      algorithm: 'LINEAR_REGRESSION',
      hyperparameters: {},
      spec: { ...spec, features: [...spec.features], split: { method: 'TIME', column: 'day' }, folds: 4 },
      sql: `SELECT * REPLACE (CASE WHEN day < DATE '2020-01-11' THEN NULL ELSE day END AS day) FROM (${weatherSql(1010)}) ORDER BY hash(day)`,
    });
    expect(Object.values(manifest.metrics).map(({ rows }) => rows)).toEqual([700, 150, 150]);
    const dayOf = (index: number): number => Date.UTC(2020, 0, 1 + index);
    expect(manifest.split).toEqual({ method: 'TIME', cuts: { train: dayOf(709), validation: dayOf(859) } });
    expect(manifest.warnings).toMatchObject([
      { code: 'TIME_MISSING', message: expect.stringMatching(/^10 of 1010/) as string },
    ]);
    expect(manifest.signature.features.map(({ name }) => name)).toEqual(['month']);
    // Forward, on the 850 rows that are not held out.
    const { folds, metrics } = manifest.crossValidation!;
    const sizes = folds.map(({ trained, rows }) => [trained, rows]);
    expect(sizes).toEqual([1, 2, 3, 4].map((block) => [170 * block, 170]));
    expect(lines).toContain(`folds:rmse=${String(metrics['rmse']!.mean)};`);
    expect(lines.filter((line) => line.includes('message="fold 4 of 4: '))).not.toEqual([]);
  });

  it('divides every class evenly on request', async () => {
    const { manifest } = await train({ spec: { split: { method: 'STRATIFIED' }, folds: 3 }, sql: weatherSql(300) });
    const { rows } = manifest.metrics.holdout;
    expect(manifest.crossValidation!.folds.reduce((sum, fold) => sum + fold.rows, 0)).toBe(296 - rows);
    const [all, held] = [manifest.metrics.train, manifest.metrics.holdout].map(({ confusion }) => {
      return confusion!.map((row) => row.reduce((sum, count) => sum + count, 0));
    });
    all!.forEach((count, k) => {
      expect(Math.abs(held![k]! - (count * 0.15) / 0.7)).toBeLessThanOrEqual(1.5);
    });
  });

  it('counts rows and classes by their weights, and measures with them, too', async () => {
    const spec = { features: ['pressure', 'wind'], weights: { column: 'month', classes: { fog: 3 } } };
    const order = { algorithm: 'LOGISTIC_REGRESSION', hyperparameters: {}, sql: weatherSql(600) } as const;
    const { manifest, read } = await train({ ...order, spec });
    expect(manifest.weights).toEqual(spec.weights);
    const { holdout } = manifest.weightedMetrics!;
    expect(Object.keys(holdout)).toEqual(Object.keys(manifest.metrics.holdout.scores));
    expect(holdout['accuracy']).not.toBe(manifest.metrics.holdout.scores['accuracy']);
    const plain = await train({ ...order, spec: { features: spec.features } });
    expect(plain.manifest).not.toHaveProperty('weightedMetrics');
    expect(await plain.read('model.onnx')).not.toEqual(await read('model.onnx'));
  });

  it('goes on without a feature that is empty, and says so', async () => {
    const { manifest, lines } = await train({ spec: { features: ['pressure', 'empty'] } });
    expect(manifest.warnings.map(({ code }) => code)).toContain('ALL_NULL_FEATURE');
    expect(lines.join('\n')).toMatch(/warning: "empty" has no value/);
    expect(manifest.reference.features['empty']).toBeNull();
  });

  it.each<[string, Order, RegExp]>([
    ['a missing target', { spec: { target: 'wether' } }, /no column wether for the target\. Did you mean weather\?/],
    ['an unknown feature', { spec: { features: ['presure'] } }, /Did you mean pressure\?/],
    ['the target as a feature', { spec: { features: ['weather'] } }, /would predict itself/],
    ['the wrong task', { spec: { task: 'REGRESSION' } }, /REGRESSION predicts numbers, but weather is a STRING/],
    ['an algorithm of the other task', { algorithm: 'LINEAR_REGRESSION', hyperparameters: {} }, /for REGRESSION/],
    [
      'one class',
      { sql: `SELECT 'a' AS weather, i AS x FROM range(100) t(i)`, spec: { features: ['x'] } },
      /only the class "a"/,
    ],
    ['an empty target', { spec: { task: 'REGRESSION', target: 'empty', features: ['wind'] } }, /Only 0 of 2000 rows/],
    [
      'only empty features',
      { spec: { task: 'REGRESSION', target: 'temperature', features: ['empty'] } },
      /features are empty or hardly differ/,
    ],
    ['too few rows', { sql: `SELECT * FROM (${DATA}) LIMIT 10` }, /at least 20 are needed/],
    ['an unknown hyperparameter', { hyperparameters: { tres: 5 } }, /no hyperparameter "tres"; choose among/],
    [
      'a time column that holds no time',
      { spec: { split: { method: 'TIME', column: 'wind' } } },
      /wind is a NUMBER; rows can only be ordered by a DATE or TIMESTAMP/,
    ],
    [
      'weights that are missing',
      { spec: { weights: { column: 'empty' } } },
      /2000 rows have no weight in "empty"\. Fill them/,
    ],
    [
      'a weight of a class that is none',
      { spec: { weights: { classes: { snow: 2 } } } },
      /class "snow", and no such class; there are fog, rain, sun/,
    ],
    [
      'integers beyond 2^53',
      { sql: `SELECT i + 9007199254740990 AS x, 'a' AS weather FROM range(100) t(i)`, spec: { features: ['x'] } },
      /beyond 2\^53/,
    ],
  ])('refuses %s with what to do', async (_, order, message) => {
    const { layout, code } = await run(order);
    expect(await readFile(join(layout.output, 'failure'), 'utf8')).toMatch(message);
    expect(code).toBe(1);
    expect(await readdir(layout.model)).not.toContain('manifest.json');
  });

  it('names the file that is missing or wrong', async () => {
    const layout = await prepare({});
    await rm(join(layout.spec, 'training.json'));
    const failure = async (): Promise<string> => {
      expect((await runBoucle(['train', '--root', layout.root], {})).code).toBe(1);
      return readFile(join(layout.output, 'failure'), 'utf8');
    };
    expect(await failure()).toMatch(/training\.json is missing/);
    await writeFile(join(layout.spec, 'training.json'), '{"task": "CLUSTERING"}');
    expect(await failure()).toMatch(/training\.json is wrong\. task: .*target: /);
    await writeFile(join(layout.spec, 'training.json'), '{');
    expect(await failure()).toMatch(/cannot be read as JSON/);
  });

  it('removes the manifest and the failure of an earlier training before it begins', async () => {
    const layout = await prepare({});
    const manifest = join(layout.model, 'manifest.json');
    await mkdir(layout.model, { recursive: true });
    await writeFile(manifest, '{}');
    await rename(layout.training, `${layout.training}.away`);
    expect((await runBoucle(['train', '--root', layout.root], {})).code).toBe(1);
    expect(await readdir(layout.model)).toEqual([]);
    await rename(`${layout.training}.away`, layout.training);
    expect((await runBoucle(['train', '--root', layout.root], {})).code).toBe(0);
    expect(await readdir(layout.output)).toEqual([]);
  });
});

describe('a training that has to stop', () => {
  const long: Order = {
    hyperparameters: { trees: 1000, maxDepth: 20 },
    sql: `SELECT * FROM (${DATA}), range(20) t(j)`,
  };

  async function started(): Promise<{ child: ChildProcess; root: string; output: string }> {
    const { root, output } = await prepare(long);
    const stdio: StdioOptions = ['ignore', 'pipe', 'inherit', 'ipc'];
    const child = spawn(process.execPath, ['dist/main.js', 'train', '--root', root], { stdio });
    for await (const chunk of child.stdout!) if (String(chunk).includes('progress=2/')) break;
    return { child, root, output };
  }

  it('ends within a second of SIGTERM, with the reason and the code of a stop', async () => {
    const { child, output } = await started();
    const before = performance.now();
    child.kill('SIGTERM');
    const [code] = (await once(child, 'exit')) as [number];
    expect(performance.now() - before).toBeLessThan(1000);
    expect(code).toBe(143);
    expect(await readFile(join(output, 'failure'), 'utf8')).toBe('The training was stopped.');
  });

  it('ends within a second when the channel to its parent closes', async () => {
    const { child } = await started();
    const before = performance.now();
    child.disconnect();
    const [code] = (await once(child, 'exit')) as [number];
    expect(performance.now() - before).toBeLessThan(1000);
    expect(code).toBe(143);
  });
});
