import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createExplainer } from '../../src/ml/explain/explainer.js';
import { CompiledEvaluator } from '../../src/ml/onnx/compile.js';
import type { Batch } from '../../src/ml/schema/evaluator.js';
import { type Manifest, MANIFEST_FILE, manifestSchema, ONNX_FILE } from '../../src/models/artifact/manifest.js';
import type { ModelColumns } from '../../src/models/model-columns.js';
import {
  DATA_FILE,
  MODEL_FOLDER,
  type ProofOrder,
  UPLOADED_FILE,
} from '../../src/training/registration/proof/proof-order.js';
import {
  proveInProcess,
  type ProofLimits,
  type ProofOutcome,
} from '../../src/training/registration/proof/prove-in-process.js';
import { CUSTOMERS_CSV, FOREIGN_MODELS, type ForeignModel, foreignModel, onnxOf } from '../support/foreign-models.js';
import * as hostile from '../support/hostile-models.js';
import { writeParquet } from '../support/training-data.js';

// Jest's sandbox has a Float32Array of its own, which ONNX Runtime's native code doesn't recognise; a clone's is the real one.
globalThis.Float32Array = structuredClone(new Float32Array(0)).constructor as Float32ArrayConstructor;
const { createEvaluatorInPlace } = await import('../../src/models/evaluation/create-evaluator.js');
const { proveModel } = await import('../../src/training/registration/proof/prove-model.js');

const PROGRAM = resolve('dist/training/registration/proof/proof-process.js');
const GIBIBYTE = 2 ** 30;
const LIMITS: ProofLimits = { timeoutMs: 60_000, memoryBytes: GIBIBYTE };
/** By column, in the order of the model's features. */
function columnsOf({ features, rows }: ForeignModel): Batch['columns'] {
  return features.map((feature) =>
    typeof rows[0]![feature] === 'string'
      ? rows.map((row) => String(row[feature]))
      : Float32Array.from(rows, (row) => (row[feature] as number | null) ?? NaN),
  );
}

/** Does not listen. */
const HEEDLESS = (): void => undefined;
/** What the hostile models are made for. */
const TWO_NUMBERS: ModelColumns = { task: 'REGRESSION', target: 'spend', features: ['age', 'visits'] };

describe('the proof of a file that somebody brought along', () => {
  let folder: string;
  let data: string;
  let proofs = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'boucle-proofs-'));
    data = join(folder, 'data.parquet');
    await writeParquet(`SELECT * FROM read_csv('${CUSTOMERS_CSV}')`, data);
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  async function orderOf(
    onnx: Uint8Array,
    columns: ModelColumns,
    classes: readonly string[] | null = null,
  ): Promise<ProofOrder> {
    const own = join(folder, String(proofs++));
    await mkdir(own);
    await writeFile(join(own, UPLOADED_FILE), onnx);
    await copyFile(data, join(own, DATA_FILE));
    const dataset = { versionId: 'v', number: 3, contentHash: 'c' };
    return { folder: own, memoryLimit: '256MB', columns, classes, dataset, timeoutMs: LIMITS.timeoutMs };
  }

  /** Here, without a process of its own. */
  async function prove(...args: Parameters<typeof orderOf>): Promise<Manifest> {
    const order = await orderOf(...args);
    await proveModel(order, HEEDLESS);
    return manifestIn(order.folder);
  }

  async function manifestIn(proof: string): Promise<Manifest> {
    const manifest = await readFile(join(proof, MODEL_FOLDER, MANIFEST_FILE), 'utf8');
    return manifestSchema.parse(JSON.parse(manifest));
  }

  async function proveApart(onnx: Uint8Array, limits: Partial<ProofLimits> = {}): Promise<ProofOutcome> {
    const order = await orderOf(onnx, TWO_NUMBERS);
    return proveInProcess(order, { ...LIMITS, ...limits }, new AbortController().signal, HEEDLESS, PROGRAM);
  }

  it('describes a fit one as a training describes its own', async () => {
    const model = foreignModel('sklearn-logistic');
    const features = ['device', 'city', 'age', 'income', 'visits', 'balance']; // Another order than the graph's.
    const manifest = await prove(onnxOf(model.name), { ...model, features });
    expect(manifest).toMatchObject({
      algorithm: 'FOREIGN',
      evaluator: 'COMPILED',
      trainer: 'skl2onnx',
      dataset: { versionId: 'v', contentHash: 'c' },
      signature: { task: 'CLASSIFICATION', target: 'churned', classes: ['false', 'true'] },
    });
    expect(manifest.signature.features.map(({ name }) => name)).toEqual(features);
    expect(manifest.signature.features[0]!.categories).toEqual(['phone', 'laptop', 'tablet']);
    expect(manifest.signature.features[3]).toEqual({ name: 'income', type: 'NUMBER', nullable: true });
    const { train, holdout } = manifest.metrics;
    expect(train.rows + manifest.metrics.validation.rows + holdout.rows).toBe(900);
    expect(holdout.scores['logLoss']).toBeLessThan(manifest.baseline.holdout.scores['logLoss']! * 0.8);
    expect(Object.keys(manifest.reference.features)).toEqual(features);
    expect(manifest.warnings.map(({ code }) => code)).toContain('TRAINING_ROWS_UNKNOWN');
    expect(manifest.warnings.at(-1)!.message).toMatch(/dataset version 3/);
    expect(manifest.files[ONNX_FILE]).toBeDefined();
  });

  const exports = FOREIGN_MODELS.filter(({ name }) => name !== 'sklearn-zipmap').map(({ name }) => name);
  it.each(exports)('scores %s as the library that trained it', async (name) => {
    const { rows, expected } = foreignModel(name);
    const evaluator = await createEvaluatorInPlace(onnxOf(name));
    const { values, width } = await evaluator.evaluate({ rows: rows.length, columns: columnsOf(foreignModel(name)) });
    expect(evaluator instanceof CompiledEvaluator).toBe(name !== 'neural-network');
    expect(width).toBe(expected[0]!.length);
    expected.flat().forEach((score, i) => {
      expect(Math.abs(values[i]! - score) / Math.max(1, Math.abs(score))).toBeLessThan(1e-5);
    });
    await evaluator.dispose();
  });

  it.each(['sklearn-logistic', 'xgboost-classifier', 'neural-network'])(
    'tells what the columns of %s are worth to it',
    async (name) => {
      const { task, target, features, classes } = foreignModel(name);
      const labels = name === 'sklearn-logistic' ? null : classes;
      const { importance, metrics } = await prove(onnxOf(name), { task, target, features }, labels);
      expect(importance).toMatchObject({ metric: 'logLoss', rows: metrics.validation.rows, repeats: 5 });
      expect(importance!.intact).toBeCloseTo(metrics.validation.scores['logLoss']!, 9);
      expect(importance!.features.map(({ feature }) => feature).sort()).toEqual([...features].sort());
      const increases = importance!.features.map(({ increase }) => increase!);
      expect(increases).toEqual(increases.toSorted((a, b) => b - a));
      expect(increases[0]).toBeGreaterThan(0.01);
      expect(importance!.features.every(({ gain }) => gain === null)).toBe(true);
    },
  );

  it.each(exports.filter((name) => name !== 'neural-network'))('makes %s explainable', async (name) => {
    const { task, target, features, classes, rows } = foreignModel(name);
    const order = await orderOf(onnxOf(name), { task, target, features }, /^xgboost-c/.test(name) ? classes : null);
    await proveModel(order, HEEDLESS);
    const { columnMeans, warnings } = await manifestIn(order.folder);
    expect(warnings.map(({ code }) => code)).not.toContain('UNEXPLAINABLE');
    const evaluator = await createEvaluatorInPlace(await readFile(join(order.folder, MODEL_FOLDER, ONNX_FILE)));
    const batch = { rows: rows.length, columns: columnsOf(foreignModel(name)) };
    const explained = await createExplainer(evaluator, columnMeans).explain(batch, () => Promise.resolve());
    for (const { base, output, contributions } of explained.flat()) {
      const sum = contributions.reduce((total, part) => total + part, base);
      expect(Math.abs(sum - output)).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(output)));
      expect(contributions.some((part) => part !== 0)).toBe(true);
    }
  });

  it('says of a network why it can not be explained', async () => {
    const { name, task, target, features, classes } = foreignModel('neural-network');
    const { columnMeans, warnings } = await prove(onnxOf(name), { task, target, features }, classes);
    expect(columnMeans).toBeUndefined();
    expect(warnings.at(-1)).toMatchObject({
      code: 'UNEXPLAINABLE',
      message: expect.stringMatching(/cannot be explained.*only ONNX Runtime knows/),
    });
  });

  it('spends no more of its time on that than it has', async () => {
    const model = foreignModel('sklearn-logistic');
    const order = await orderOf(onnxOf(model.name), model);
    await proveModel({ ...order, timeoutMs: 0 }, HEEDLESS);
    const { importance } = await manifestIn(order.folder);
    expect(importance!.intact).toBeGreaterThan(0);
    expect(importance!.features.every(({ increase }) => increase === null)).toBe(true);
  });

  it('takes what only ONNX Runtime knows, with the classes that its maker gives', async () => {
    const { name, task, target, features, classes } = foreignModel('neural-network');
    const columns = { task, target, features };
    const manifest = await prove(onnxOf(name), columns, classes);
    expect(manifest).toMatchObject({ evaluator: 'ONNX_RUNTIME', signature: { classes } });
    await expect(prove(onnxOf(name), columns)).rejects.toThrow(/does not name its classes.*basic, plus, prime/);
    const two = prove(onnxOf(name), { ...columns, target: 'device' }, ['phone', 'laptop', 'tablet', 'watch']);
    await expect(two).rejects.toThrow(/gives 3 scores a row for the 4 classes phone, laptop, tablet, watch/);
  });

  it('wants classes that mean what the data hold', async () => {
    const { name, task, target, features, classes } = foreignModel('xgboost-classifier');
    const columns = { task, target, features };
    await expect(prove(onnxOf(name), columns)).rejects.toThrow(
      /classes are 0, 1, 2, but tier holds basic, plus, prime.*"basic","plus","prime"/,
    );
    const { metrics, baseline } = await prove(onnxOf(name), columns, classes);
    // Named in a wrong order it would be worse than guessing.
    expect(metrics.holdout.scores['logLoss']).toBeLessThan(baseline.holdout.scores['logLoss']!);
  });

  const notFit: [string, () => Uint8Array, ModelColumns, RegExp][] = [
    ['no ONNX', () => Buffer.from('PK\u0003\u0004 a zip file'), TWO_NUMBERS, /no complete ONNX model.*export/],
    [
      'half a file',
      () => onnxOf('sklearn-forest-regressor').subarray(0, 20_000),
      TWO_NUMBERS,
      /no complete ONNX model/,
    ],
    ['deep nesting', () => hostile.nests(20), TWO_NUMBERS, /nested more than 16 levels deep/],
    ['weights in another file', hostile.reachesOutside, TWO_NUMBERS, /external_data.*self-contained/],
    ['a ZipMap', () => onnxOf('sklearn-zipmap'), foreignModel('sklearn-zipmap'), /ZipMap.*zipmap=False/],
    [
      'other columns',
      () => onnxOf('sklearn-forest-regressor'),
      TWO_NUMBERS,
      /X takes 4 columns.*2 features: age, visits/,
    ],
    [
      'a model of classes for numbers',
      () => onnxOf('sklearn-forest-multiclass'),
      foreignModel('sklearn-forest-regressor'),
      /gives 3 numbers a row/,
    ],
    ['NaN', hostile.givesNaN, TWO_NUMBERS, /gives NaN for some rows.*imputer/],
  ];
  it.each(notFit)('refuses %s', async (_, onnx, columns, reason) => {
    await expect(prove(onnx(), columns)).rejects.toThrow(reason);
  });

  it('proves a fit one in a process of its own, and has the reason of an unfit one from there', async () => {
    expect(await proveApart(onnxOf('sklearn-forest-regressor'))).toMatchObject({
      kind: 'REFUSED',
      reason: expect.stringMatching(/X takes 4 columns/),
    });
    const { task, target, features } = foreignModel('sklearn-forest-regressor');
    const order = await orderOf(onnxOf('sklearn-forest-regressor'), { task, target, features });
    const phases: string[] = [];
    const say = (phase: string): void => void phases.push(phase);
    expect(await proveInProcess(order, LIMITS, new AbortController().signal, say, PROGRAM)).toEqual({ kind: 'PROVEN' });
    expect(phases).toEqual([
      'reading the file',
      'reading the data',
      'loading the model',
      'scoring rows',
      'measuring the importance of columns',
    ]);
  });

  it('outlives a model that crashes the runtime', async () => {
    expect(await proveApart(hostile.overflowsTheStack(40_000))).toMatchObject({
      kind: 'REFUSED',
      reason: expect.stringMatching(/process that tried it die \(SIGSEGV\) while scoring rows/),
    });
  });

  it('stops a model that hangs', async () => {
    const began = performance.now();
    expect(await proveApart(hostile.hangs(), { timeoutMs: 3000 })).toMatchObject({
      kind: 'REFUSED',
      reason: expect.stringMatching(/stopped while .*, after 3 s.*ONNX_TIMEOUT_SECONDS/),
    });
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  it('gives a model no more memory than it may have', async () => {
    expect(await proveApart(hostile.eatsMemory(3 * GIBIBYTE))).toMatchObject({
      kind: 'REFUSED',
      reason: expect.stringMatching(/more memory than it may have/),
    });
  });

  it('ends with the signal', async () => {
    const stop = new AbortController();
    const proof = proveInProcess(await orderOf(hostile.hangs(), TWO_NUMBERS), LIMITS, stop.signal, HEEDLESS, PROGRAM);
    setTimeout(() => {
      stop.abort(new Error('the worker stops'));
    }, 500);
    await expect(proof).rejects.toThrow('the worker stops');
  });
});
