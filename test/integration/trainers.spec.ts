import { readFileSync } from 'node:fs';
import { evaluateMetrics } from '../../src/ml/metrics/evaluate.js';
import type { ClassificationMetrics } from '../../src/ml/metrics/classification.js';
import type { RegressionMetrics } from '../../src/ml/metrics/regression.js';
import { compile } from '../../src/ml/onnx/compile.js';
import { decodeModel } from '../../src/ml/onnx/decode.js';
import { TrainingCancelled } from '../../src/ml/train/errors.js';
import type { Progress } from '../../src/ml/train/heartbeat.js';
import type { LinearSummary } from '../../src/ml/train/linear/coefficients.js';
import {
  batchOf,
  createTable,
  selectRows,
  stringColumn,
  type Column,
  type TrainingTable,
} from '../../src/ml/train/table.js';
import { TRAINERS, type Algorithm, type FitOptions, type FittedModel } from '../../src/ml/train/trainer.js';
import { draws, friedmanTable, mixedRows } from '../fixtures/trainers/rows.js';

interface GoldenLogistic {
  C: number;
  names: string[];
  coefficients: number[][];
  intercepts: number[];
}
interface Golden {
  firstRow: (number | null)[];
  linear: {
    base: string;
    names: string[];
    coefficients: number[];
    intercept: number;
    standardErrors: number[];
    interceptError: number;
  };
  binary: GoldenLogistic[];
  multinomial: GoldenLogistic[];
  forest: { median: number; auc: number; r2: number };
  boosting: { auc: number; r2: number };
}

const goldenFile = new URL('../fixtures/trainers/scikit-learn.json', import.meta.url);
const golden = JSON.parse(readFileSync(goldenFile, 'utf8')) as Golden;
const mixed = mixedRows(800, 1);

function mixedTable(target: 'value' | 'binary' | 'multi'): TrainingTable {
  const task = target === 'value' ? 'REGRESSION' : 'CLASSIFICATION';
  return createTable(task, { name: 'y', type: 'NUMBER', values: mixed[target] }, mixed.features);
}

const fit = (algorithm: Algorithm, table: TrainingTable, options: Partial<FitOptions> = {}): Promise<FittedModel> =>
  TRAINERS[algorithm].fit(table, { seed: 1, ...options });

const scoresOf = ({ onnx }: FittedModel, table: TrainingTable): Float32Array =>
  compile(decodeModel(onnx)).evaluate(batchOf(table)).values;

const codesOf = (model: FittedModel): string[] => model.warnings.map(({ code }) => code);

/** Coefficients of one class in the order of the stored names: numbers by feature, indicators by category. */
function coefficientsOf(summary: LinearSummary, names: readonly string[], label?: string) {
  return names.map((name) => {
    const found = summary.coefficients.filter((c) => (c.category ?? c.feature) === name && c.class === label);
    expect(found).toHaveLength(1);
    return found[0]!;
  });
}

function expectAllClose(actual: readonly number[], expected: readonly number[], tolerance: number): void {
  expect(actual).toHaveLength(expected.length);
  const errors = actual.map((value, i) => Math.abs(value - expected[i]!) / Math.max(1, Math.abs(expected[i]!)));
  expect(Math.max(...errors)).toBeLessThanOrEqual(tolerance);
}

describe('test data', () => {
  it('is what scikit-learn saw', () => {
    const columns = [...mixed.features.slice(0, 5).map((column) => (column as { values: Float64Array }).values)];
    const [a, b, c, d, flag] = columns.map((values) => values[0]!);
    expect([a, b, c, flag]).toEqual([golden.firstRow[0], golden.firstRow[1], golden.firstRow[2], golden.firstRow[4]]);
    expect(d).toBeNaN();
    expect([mixed.value[0], mixed.binary[0], mixed.multi[0]]).toEqual(golden.firstRow.slice(6));
  });
});

describe('LINEAR_REGRESSION', () => {
  it("has scikit-learn's coefficients to 1e-6, and the classical standard errors", async () => {
    const model = await fit('LINEAR_REGRESSION', mixedTable('value'));
    const summary = model.summary as LinearSummary;
    const coefficients = coefficientsOf(summary, golden.linear.names);
    expectAllClose(
      coefficients.map(({ value }) => value),
      golden.linear.coefficients,
      1e-6,
    );
    expectAllClose(
      coefficients.map((c) => c.standardError!),
      golden.linear.standardErrors,
      1e-6,
    );
    expectAllClose([summary.intercepts[0]!.value], [golden.linear.intercept], 1e-6);
    expectAllClose([summary.intercepts[0]!.standardError!], [golden.linear.interceptError], 1e-6);
    expect(summary.coefficients.some(({ category }) => category === golden.linear.base)).toBe(false);
    expect(model.warnings).toEqual([]);
  });

  it('leaves out columns that others determine, with a warning and finite coefficients', async () => {
    const a = mixed.features[0] as { values: Float64Array };
    const twice: Column = { name: 'twice', type: 'NUMBER', values: a.values.map((x) => 2 * x + 1) };
    const sameColor = { ...mixed.features[5]!, name: 'sameColor' };
    const target: Column = { name: 'y', type: 'NUMBER', values: mixed.value };
    const plain = await fit('LINEAR_REGRESSION', mixedTable('value'));
    const table = createTable('REGRESSION', target, [...mixed.features, twice, sameColor]);
    const model = await fit('LINEAR_REGRESSION', table);
    expect(model.warnings.map(({ code, feature }) => `${code} ${feature}`)).toEqual([
      'COLLINEAR_FEATURE twice',
      ...new Array<string>(4).fill('COLLINEAR_FEATURE sameColor'),
    ]);
    expectAllClose([...scoresOf(model, table)], [...scoresOf(plain, mixedTable('value'))], 1e-5);
  });

  it('keeps its precision on numbers far from zero', async () => {
    const uniform = draws(5);
    // Seconds since 1970: as float32 they are multiples of 128.
    const values = Float64Array.from({ length: 400 }, () => 1.7e9 + Math.floor(uniform() * 1000) * 1280);
    const target: Column = { name: 'y', type: 'NUMBER', values: values.map((x) => 5 + (x - 1.7e9) / 1e5) };
    const table = createTable('REGRESSION', target, [{ name: 'time', type: 'NUMBER', values }]);
    const model = await fit('LINEAR_REGRESSION', table);
    const { rmse } = evaluateMetrics(
      { task: 'REGRESSION', values: target.values },
      scoresOf(model, table),
    ) as RegressionMetrics;
    expect(rmse).toBeLessThan(1e-3);
  });
});

describe('LOGISTIC_REGRESSION', () => {
  it.each(golden.binary)("binary: scikit-learn's coefficients to 1e-4 with C = $C", async (expected) => {
    const model = await fit('LOGISTIC_REGRESSION', mixedTable('binary'), { hyperparameters: { C: expected.C } });
    const summary = model.summary as LinearSummary;
    const coefficients = coefficientsOf(summary, expected.names);
    expectAllClose(
      coefficients.map(({ value }) => value),
      expected.coefficients[0]!,
      1e-4,
    );
    expectAllClose([summary.intercepts[0]!.value], expected.intercepts, 1e-4);
    expect(coefficients.every((c) => c.standardError! > 0)).toBe(true);
  });

  it.each(golden.multinomial)("multinomial: scikit-learn's coefficients to 1e-4 with C = $C", async (expected) => {
    const model = await fit('LOGISTIC_REGRESSION', mixedTable('multi'), { hyperparameters: { C: expected.C } });
    const summary = model.summary as LinearSummary;
    ['0', '1', '2'].forEach((label, k) => {
      const coefficients = coefficientsOf(summary, expected.names, label);
      expectAllClose(
        coefficients.map(({ value }) => value),
        expected.coefficients[k]!,
        1e-4,
      );
    });
    expectAllClose(
      summary.intercepts.map(({ value }) => value),
      expected.intercepts,
      1e-4,
    );
  });

  it('finds the minimum of many rows, from that of a sample: residuals explain nothing more', async () => {
    const table = friedmanTable(20_000, 2, golden.forest.median);
    const model = await fit('LOGISTIC_REGRESSION', table, { hyperparameters: { C: 1e6 } });
    const scores = scoresOf(model, table);
    const { codes } = table.target as { codes: Int32Array };
    const ones = { values: new Float64Array(table.rows).fill(1) };
    for (const { values } of [ones, ...(table.features as readonly { values: Float64Array }[])]) {
      const sum = values.reduce((total, x, row) => total + x * (scores[2 * row + 1]! - codes[row]!), 0);
      expect(Math.abs(sum) / table.rows).toBeLessThan(2e-6);
    }
  });

  it('finds the minimum also where it is too wide for Newton', async () => {
    const uniform = draws(9);
    const cities = Array.from({ length: 3000 }, () => `city ${Math.floor(uniform() * 390)}`);
    const labels = cities.map((city) => (uniform() < 0.2 + 0.6 * (Number(city.slice(5)) % 2) ? 'yes' : 'no'));
    const extra = Array.from({ length: 3000 }, () => `tag ${Math.floor(uniform() * 40)}`);
    const features = [stringColumn('city', cities), stringColumn('tag', extra)];
    const table = createTable('CLASSIFICATION', stringColumn('y', labels), features);
    const wide = await fit('LOGISTIC_REGRESSION', table, { hyperparameters: { tolerance: 1e-8 } });
    // Without the second feature Newton's method takes over; only it knows standard errors.
    const alone = createTable('CLASSIFICATION', stringColumn('y', labels), [features[0]!]);
    const narrow = await fit('LOGISTIC_REGRESSION', alone, { hyperparameters: { tolerance: 1e-8 } });
    expect(codesOf(wide)).toEqual([]);
    expect((wide.summary as LinearSummary).coefficients[0]!.standardError).toBeUndefined();
    expect((narrow.summary as LinearSummary).coefficients[0]!.standardError).toBeGreaterThan(0);
    // At the minimum the mean probability equals the share of the class, as the intercept is free.
    for (const [model, data] of [
      [wide, table],
      [narrow, alone],
    ] as const) {
      const scores = scoresOf(model, data);
      const mean = labels.reduce((sum, _, row) => sum + scores[2 * row + 1]!, 0) / labels.length;
      expect(mean).toBeCloseTo(labels.filter((label) => label === 'yes').length / labels.length, 5);
    }
  });

  it('warns if it has to stop early', async () => {
    const model = await fit('LOGISTIC_REGRESSION', mixedTable('multi'), { hyperparameters: { maxIterations: 2 } });
    expect(codesOf(model)).toEqual(['NOT_CONVERGED']);
  });

  it('stays finite on classes that a line separates', async () => {
    const x = Float64Array.from({ length: 60 }, (_, i) => i);
    const target: Column = { name: 'y', type: 'BOOLEAN', values: x.map((value) => (value < 30 ? 0 : 1)) };
    const table = createTable('CLASSIFICATION', target, [{ name: 'x', type: 'NUMBER', values: x }]);
    const model = await fit('LOGISTIC_REGRESSION', table, { hyperparameters: { C: 1e6 } });
    expect(scoresOf(model, table).every((p) => p >= 0 && p <= 1)).toBe(true);
    expect(codesOf(model)).toEqual([]);
  });
});

describe('RANDOM_FOREST', () => {
  it("reaches scikit-learn's AUC on new rows", async () => {
    const { median, auc } = golden.forest;
    const model = await fit('RANDOM_FOREST', friedmanTable(4000, 2, median));
    const test = friedmanTable(4000, 3, median);
    const metrics = evaluateMetrics(test.target, scoresOf(model, test)) as ClassificationMetrics;
    expect(metrics.rocAuc).toBeGreaterThan(auc - 0.002);
  });

  it("reaches scikit-learn's R² on new rows, and ranks the features that matter first", async () => {
    const model = await fit('RANDOM_FOREST', friedmanTable(4000, 2));
    const test = friedmanTable(4000, 3);
    const metrics = evaluateMetrics(test.target, scoresOf(model, test)) as RegressionMetrics;
    expect(metrics.r2).toBeGreaterThan(golden.forest.r2 - 0.002);
    expect(model.summary.kind).toBe('FOREST');
    if (model.summary.kind !== 'FOREST') return;
    expect(
      model.summary.importance
        .slice(0, 5)
        .map(({ feature }) => feature)
        .sort(),
    ).toEqual(['x0', 'x1', 'x2', 'x3', 'x4']);
    expect(model.summary.importance.reduce((sum, { gain }) => sum + gain, 0)).toBeCloseTo(1, 9);
  });

  it('learns three classes: probabilities that add up to 1 and beat the shares', async () => {
    const table = mixedTable('multi');
    const scores = scoresOf(await fit('RANDOM_FOREST', table), table);
    for (let row = 0; row < table.rows; row++) {
      expect(scores[3 * row]! + scores[3 * row + 1]! + scores[3 * row + 2]!).toBeCloseTo(1, 5);
    }
    const metrics = evaluateMetrics(table.target, scores) as ClassificationMetrics;
    expect(metrics.accuracy).toBeGreaterThan(0.85);
  });

  it('learns from values being missing, without imputing them', async () => {
    const uniform = draws(3);
    const x = Float64Array.from({ length: 600 }, () => (uniform() < 0.4 ? NaN : uniform()));
    const y = x.map((value) => (Number.isNaN(value) ? 5 : value < 0.5 ? 0 : 10));
    const table = createTable('REGRESSION', { name: 'y', type: 'NUMBER', values: y }, [
      { name: 'x', type: 'NUMBER', values: x },
    ]);
    const scores = scoresOf(await fit('RANDOM_FOREST', table), table);
    // Beside the threshold the bins are too coarse to tell all known values apart; missing ones are a bin of their own.
    const errors = scores.map((score, row) => Math.abs(score - y[row]!));
    const ofMissing = errors.filter((_, row) => Number.isNaN(x[row]!));
    expect(Math.max(...ofMissing)).toBeLessThan(0.2);
    expect(errors.reduce((sum, error) => sum + error, 0) / errors.length).toBeLessThan(0.2);
  });

  it('does not let rare categories reveal their targets', async () => {
    const uniform = draws(4);
    const ids = Array.from({ length: 2000 }, () => `id ${Math.floor(uniform() * 900)}`);
    const target: Column = {
      name: 'y',
      type: 'BOOLEAN',
      values: Float64Array.from(ids, () => (uniform() < 0.5 ? 1 : 0)),
    };
    const noise: Column = { name: 'x', type: 'NUMBER', values: Float64Array.from(ids, () => uniform()) };
    const table = createTable('CLASSIFICATION', target, [stringColumn('id', ids), noise]);
    const model = await fit('RANDOM_FOREST', table);
    if (model.summary.kind !== 'FOREST') throw new Error('not a forest');
    // Means that contain a row's own target give the identifier 0.64 of the gain, more than the honest noise beside it.
    expect(model.summary.importance.find(({ feature }) => feature === 'id')!.gain).toBeLessThan(0.5);
  });

  it('keeps its limits', async () => {
    const table = friedmanTable(500, 2);
    const model = await fit('RANDOM_FOREST', table, { hyperparameters: { trees: 3, maxDepth: 2 } });
    expect(model.summary).toMatchObject({ trees: 3, nodes: 21 });
    const stumps = await fit('RANDOM_FOREST', table, { hyperparameters: { trees: 3, minLeaf: 250 } });
    expect(stumps.summary).toMatchObject({ trees: 3 });
    expect((stumps.summary as { nodes: number }).nodes).toBeLessThanOrEqual(9);
  });
});

describe('GRADIENT_BOOSTING', () => {
  const hyperparameters = { rounds: 200, validationShare: 0 };

  it("reaches scikit-learn's AUC on new rows", async () => {
    const { median } = golden.forest;
    const model = await fit('GRADIENT_BOOSTING', friedmanTable(4000, 2, median), { hyperparameters });
    const test = friedmanTable(4000, 3, median);
    const metrics = evaluateMetrics(test.target, scoresOf(model, test)) as ClassificationMetrics;
    expect(metrics.rocAuc).toBeGreaterThan(golden.boosting.auc - 0.002);
  });

  it("reaches scikit-learn's R² on new rows, and ranks the features that matter first", async () => {
    const model = await fit('GRADIENT_BOOSTING', friedmanTable(4000, 2), { hyperparameters });
    const test = friedmanTable(4000, 3);
    const metrics = evaluateMetrics(test.target, scoresOf(model, test)) as RegressionMetrics;
    expect(metrics.r2).toBeGreaterThan(golden.boosting.r2 - 0.002);
    if (model.summary.kind !== 'FOREST') throw new Error('no trees');
    const first = model.summary.importance.slice(0, 5).map(({ feature }) => feature);
    expect(first.sort()).toEqual(['x0', 'x1', 'x2', 'x3', 'x4']);
  });

  it('learns three classes: probabilities that add up to 1 and beat the shares', async () => {
    const table = mixedTable('multi');
    const scores = scoresOf(await fit('GRADIENT_BOOSTING', table), table);
    for (let row = 0; row < table.rows; row++) {
      expect(scores[3 * row]! + scores[3 * row + 1]! + scores[3 * row + 2]!).toBeCloseTo(1, 5);
    }
    const metrics = evaluateMetrics(table.target, scores) as ClassificationMetrics;
    expect(metrics.accuracy).toBeGreaterThan(0.85);
  });

  it('stops when rows kept apart no longer profit, and keeps the rounds up to the best', async () => {
    const { median } = golden.forest;
    const reports: Progress[] = [];
    const model = await fit('GRADIENT_BOOSTING', friedmanTable(2000, 2, median), {
      hyperparameters: { rounds: 2000, learningRate: 0.3, patience: 15 },
      onProgress: (progress) => reports.push(progress),
    });
    const losses = reports.map(({ loss }) => loss!);
    const best = losses.indexOf(Math.min(...losses)) + 1;
    expect(losses.length).toBeLessThan(1000);
    expect(losses).toHaveLength(best + 15);
    expect(model.summary).toMatchObject({ kind: 'FOREST', trees: best });
  });

  it('learns from values being missing, without imputing them', async () => {
    const uniform = draws(3);
    const x = Float64Array.from({ length: 600 }, () => (uniform() < 0.4 ? NaN : uniform()));
    const y = x.map((value) => (Number.isNaN(value) ? 5 : value < 0.5 ? 0 : 10));
    const table = createTable('REGRESSION', { name: 'y', type: 'NUMBER', values: y }, [
      { name: 'x', type: 'NUMBER', values: x },
    ]);
    const scores = scoresOf(await fit('GRADIENT_BOOSTING', table), table);
    const errors = scores.map((score, row) => Math.abs(score - y[row]!));
    expect(Math.max(...errors.filter((_, row) => Number.isNaN(x[row]!)))).toBeLessThan(0.2);
    expect(errors.reduce((sum, error) => sum + error, 0) / errors.length).toBeLessThan(0.2);
  });

  it('keeps its limits', async () => {
    const table = friedmanTable(500, 2);
    const limits = { rounds: 3, validationShare: 0 };
    const stumps = await fit('GRADIENT_BOOSTING', table, { hyperparameters: { ...limits, maxLeaves: 2 } });
    expect(stumps.summary).toMatchObject({ trees: 3, nodes: 9 });
    const shallow = await fit('GRADIENT_BOOSTING', table, { hyperparameters: { ...limits, maxDepth: 2 } });
    expect(shallow.summary).toMatchObject({ trees: 3, nodes: 21 });
    const large = await fit('GRADIENT_BOOSTING', table, { hyperparameters: { ...limits, minLeaf: 251 } });
    expect(large.summary).toMatchObject({ trees: 3, nodes: 3 });
  });
});

describe('weights of rows', () => {
  const repeats = Float64Array.from(mixed.value, (_, row) => 1 + (row % 3));
  const repeated = Int32Array.from([...repeats].flatMap((times, row) => new Array<number>(times).fill(row)));

  it.each<[Algorithm, 'value' | 'binary' | 'multi', object]>([
    ['LINEAR_REGRESSION', 'value', {}],
    ['LOGISTIC_REGRESSION', 'binary', { C: 1e5 }],
    ['LOGISTIC_REGRESSION', 'multi', { C: 1e5 }],
  ])('of %s on %s are the same as repeated rows', async (algorithm, target, given) => {
    const hyperparameters = given as Record<string, number>;
    const task = target === 'value' ? 'REGRESSION' : 'CLASSIFICATION';
    const y: Column = { name: 'y', type: 'NUMBER', values: mixed[target] };
    // Without the column that has gaps: they are filled with the mean of all rows, which repetitions change.
    const table = createTable(task, y, mixed.features.toSpliced(3, 1));
    const weighted = await fit(algorithm, table, { hyperparameters, sampleWeights: repeats });
    const longer = await fit(algorithm, selectRows(table, repeated), { hyperparameters });
    const plain = await fit(algorithm, table, { hyperparameters });
    const expected = [...scoresOf(longer, table)];
    expectAllClose([...scoresOf(weighted, table)], expected, 1e-3);
    const distance = scoresOf(plain, table).reduce((max, x, i) => Math.max(max, Math.abs(x - expected[i]!)), 0);
    expect(distance).toBeGreaterThan(2e-3);
  });

  it.each<Algorithm>(['LOGISTIC_REGRESSION', 'RANDOM_FOREST', 'GRADIENT_BOOSTING'])(
    'let %s take rare classes for as likely as frequent ones, if they are balanced',
    async (algorithm) => {
      const table = friedmanTable(2000, 2, 21);
      const { codes } = table.target as { codes: Int32Array };
      const share = codes.reduce((sum, code) => sum + code, 0) / codes.length;
      expect(share).toBeLessThan(0.15);
      const meanOf = async (options: Partial<FitOptions>): Promise<number> => {
        const scores = scoresOf(await fit(algorithm, table, options), table);
        return scores.reduce((sum, score, i) => sum + (i % 2 === 1 ? score : 0), 0) / table.rows;
      };
      const hyperparameters = algorithm === 'LOGISTIC_REGRESSION' ? {} : { maxDepth: 2 };
      const plain = await meanOf({ hyperparameters });
      expect(Math.abs(plain - share)).toBeLessThan(0.03);
      const balanced = await meanOf({ hyperparameters: { ...hyperparameters, classBalance: 1 } });
      expect(balanced).toBeGreaterThan(plain + 0.05);
      const given = await meanOf({ hyperparameters, classWeights: { 1: (1 - share) / share } });
      expect(given).toBeCloseTo(balanced, 1);
    },
  );
});

describe.each<[Algorithm, 'value' | 'binary']>([
  ['LINEAR_REGRESSION', 'value'],
  ['LOGISTIC_REGRESSION', 'binary'],
  ['RANDOM_FOREST', 'value'],
  ['RANDOM_FOREST', 'binary'],
  ['GRADIENT_BOOSTING', 'value'],
  ['GRADIENT_BOOSTING', 'binary'],
])('%s on %s', (algorithm, target) => {
  const task = target === 'value' ? 'REGRESSION' : 'CLASSIFICATION';

  it('is the same again, byte by byte', async () => {
    const first = await fit(algorithm, mixedTable(target));
    const second = await fit(algorithm, mixedTable(target));
    expect(Buffer.compare(first.onnx, second.onnx)).toBe(0);
    expect(second.summary).toEqual(first.summary);
  });

  it('accepts useless features: they stay inputs, nothing reads them, and the user is told', async () => {
    const rows = mixed.value.length;
    const useless: Column[] = [
      { name: 'constant', type: 'NUMBER', values: new Float64Array(rows).fill(7) },
      { name: 'empty', type: 'NUMBER', values: new Float64Array(rows).fill(NaN) },
      stringColumn('same', new Array<string>(rows).fill('x')),
      stringColumn('blank', new Array<string>(rows).fill('')),
    ];
    const y: Column = { name: 'y', type: 'NUMBER', values: mixed[target] };
    const table = createTable(task, y, [...useless, ...mixed.features]);
    const model = await fit(algorithm, table);
    expect(model.warnings.map(({ code, feature }) => `${code} ${feature}`)).toEqual([
      'CONSTANT_FEATURE constant',
      'ALL_NULL_FEATURE empty',
      'CONSTANT_FEATURE same',
      'ALL_NULL_FEATURE blank',
    ]);
    expect(model.signature.features.map(({ name }) => name)).toEqual(table.features.map(({ name }) => name));
    expect(model.signature.features.slice(0, 4)).toEqual([
      { name: 'constant', type: 'NUMBER', nullable: false },
      { name: 'empty', type: 'NUMBER', nullable: true },
      { name: 'same', type: 'STRING', nullable: false, categories: ['x'] },
      { name: 'blank', type: 'STRING', nullable: true, categories: [] },
    ]);
    const plain = scoresOf(await fit(algorithm, mixedTable(target)), mixedTable(target));
    expect([...scoresOf(model, table)]).toEqual([...plain]);
  });

  it('refuses a table in which nothing varies but the target', async () => {
    const constant: Column = { name: 'x', type: 'NUMBER', values: new Float64Array(800).fill(1) };
    const y: Column = { name: 'y', type: 'NUMBER', values: mixed[target] };
    await expect(fit(algorithm, createTable(task, y, [constant]))).rejects.toMatchObject({
      reason: 'NO_USABLE_FEATURE',
    });
  });

  it('refuses the wrong task, a reserved name and unknown hyperparameters by name', async () => {
    const y: Column = { name: 'y', type: 'NUMBER', values: mixed[target] };
    const [first] = mixed.features;
    const output = task === 'REGRESSION' ? 'prediction' : 'probabilities';
    await expect(fit(algorithm, createTable(task, y, [{ ...first!, name: output }]))).rejects.toMatchObject({
      reason: 'NAME_TAKEN',
    });
    await expect(fit(algorithm, mixedTable(target), { hyperparameters: { depth: 3 } })).rejects.toMatchObject({
      reason: 'UNKNOWN',
    });
    if (TRAINERS[algorithm].tasks.length > 1) return;
    const other = mixedTable(target === 'value' ? 'binary' : 'value');
    await expect(fit(algorithm, other)).rejects.toMatchObject({ reason: 'WRONG_TASK' });
  });

  it('cuts categories at the limit, says so, and scores the rest and unseen ones alike', async () => {
    const uniform = draws(8);
    const towns = Array.from({ length: 800 }, () => `town ${Math.floor(uniform() ** 3 * 60)}`);
    const y: Column = { name: 'y', type: 'NUMBER', values: mixed[target] };
    const table = createTable(task, y, [...mixed.features, stringColumn('town', towns)]);
    const model = await fit(algorithm, table, { hyperparameters: { maxCategories: 20 } });
    expect(codesOf(model)).toEqual(['CATEGORIES_LIMITED']);
    const { categories } = model.signature.features.at(-1)!;
    expect(categories).toHaveLength(20);
    const cut = towns.find((town) => !categories!.includes(town))!;
    const evaluator = compile(decodeModel(model.onnx));
    const batch = batchOf(table, 0, 5);
    const scoresWith = (town: string): number[] => {
      const columns = [...batch.columns.slice(0, -1), new Array<string>(5).fill(town)];
      return [...evaluator.evaluate({ rows: 5, columns }).values];
    };
    expect(scoresWith('never seen')).toEqual(scoresWith(cut));
    expect(scoresWith(categories![0]!)).not.toEqual(scoresWith(cut));
    expect(scoresWith('').every(Number.isFinite)).toBe(true);
  });

  it('reports progress that ends with everything done', async () => {
    const reports: Progress[] = [];
    await fit(algorithm, mixedTable(target), { onProgress: (progress) => reports.push(progress) });
    expect(reports.length).toBeGreaterThan(1);
    reports.forEach(({ done }, i) => {
      expect(done).toBeGreaterThanOrEqual(reports[i - 1]?.done ?? 0);
    });
    if (algorithm !== 'RANDOM_FOREST') return;
    expect(reports[36]!.message).toBe('tree 37 of 100');
    expect(reports.at(-1)).toMatchObject({ done: 100, total: 100 });
  });

  it('does not start when it is cancelled already', async () => {
    await expect(fit(algorithm, mixedTable(target), { signal: AbortSignal.abort() })).rejects.toThrow(
      TrainingCancelled,
    );
  });
});
