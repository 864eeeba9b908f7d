import { readFileSync } from 'node:fs';
import { jest } from '@jest/globals';
import { createTable, type TrainingTable } from '../../src/ml/train/table.js';
import type { Fold } from '../../src/ml/train/folds.js';
import { crossValidate } from '../../src/training/container/cross-validate.js';
import { draws, mixedRows } from '../fixtures/trainers/rows.js';

interface Golden {
  readonly foldOf: string;
  readonly scores: Readonly<Record<string, number[]>>;
}

const file = new URL('../fixtures/trainers/scikit-learn.json', import.meta.url);
const golden = (JSON.parse(readFileSync(file, 'utf8')) as { crossValidation: Record<'linear' | 'logistic', Golden> })
  .crossValidation;
const mixed = mixedRows(800, 1);
const options = { seed: 1, hyperparameters: {} };

function tableOf(task: TrainingTable['target']['task'], values: Float64Array): TrainingTable {
  const complete = mixed.features.filter(({ name }) => ['a', 'b', 'c', 'flag'].includes(name));
  return createTable(task, { name: 'y', type: 'NUMBER', values }, complete);
}

function foldsOf({ foldOf }: Golden): Fold[] {
  const folds = Array.from(foldOf, Number);
  return [...new Set(folds)].sort().map((tested) => ({
    train: Int32Array.from(folds.keys()).filter((row) => folds[row] !== tested),
    test: Int32Array.from(folds.keys()).filter((row) => folds[row] === tested),
  }));
}

function expectScores(actual: (number | null | undefined)[], expected: number[]): void {
  expect(actual).toHaveLength(5);
  actual.forEach((value, fold) => {
    expect(value).toBeCloseTo(expected[fold]!, 6);
  });
}

describe('a cross-validation', () => {
  it("of a linear regression has the values of scikit-learn's cross_val_score on the same folds", async () => {
    const { scores } = golden.linear;
    const table = tableOf('REGRESSION', mixed.value);
    const { folds, metrics } = await crossValidate('LINEAR_REGRESSION', table, foldsOf(golden.linear), options);
    const rmse = scores['neg_root_mean_squared_error']!.map((value) => -value);
    expectScores(
      folds.map((fold) => fold.scores['rmse']),
      rmse,
    );
    expectScores(
      folds.map((fold) => fold.scores['r2']),
      scores['r2']!,
    );
    const mean = rmse.reduce((sum, value) => sum + value, 0) / 5;
    expect(metrics['rmse']!.mean).toBeCloseTo(mean, 6);
    const deviation = Math.sqrt(rmse.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 4);
    expect(metrics['rmse']!.deviation).toBeCloseTo(deviation, 6);
    expect(folds.map(({ trained, rows }) => [trained, rows])).toEqual(new Array(5).fill([640, 160]));
  });

  it('of a logistic regression has them, too', async () => {
    const { scores } = golden.logistic;
    const table = tableOf('CLASSIFICATION', mixed.binary);
    const { folds } = await crossValidate('LOGISTIC_REGRESSION', table, foldsOf(golden.logistic), {
      seed: 1,
      hyperparameters: { C: 1, tolerance: 1e-8 },
    });
    expectScores(
      folds.map((fold) => fold.scores['logLoss']),
      scores['neg_log_loss']!.map((value) => -value),
    );
    expectScores(
      folds.map((fold) => fold.scores['rocAuc']),
      scores['roc_auc']!,
    );
  });

  it('trains on no row of a fold: a forest that knows its rows by heart is at a loss with the others', async () => {
    const uniform = draws(9);
    const noise = new Float64Array(800).map(uniform);
    const features = ['a', 'b', 'c'].map((name) => {
      return { name, type: 'NUMBER' as const, values: new Float64Array(800).map(uniform) };
    });
    const target = { name: 'y', type: 'NUMBER' as const, values: noise };
    const table = createTable('REGRESSION', target, features);
    const hyperparameters = { trees: 5, minLeaf: 1, maxDepth: 20 };
    const folds = foldsOf(golden.linear);
    const known = folds.map(({ test }) => ({ train: Int32Array.from(noise.keys()), test }));
    const r2Of = async (given: Fold[]): Promise<number> =>
      (await crossValidate('RANDOM_FOREST', table, given, { seed: 1, hyperparameters })).metrics['r2']!.mean;
    expect(await r2Of(known)).toBeGreaterThan(0.5);
    expect(await r2Of(folds)).toBeLessThan(0.1);
  });

  it('tells how far it is, and stops', async () => {
    const table = tableOf('REGRESSION', mixed.value);
    const told: number[] = [];
    const stop = new AbortController();
    const onProgress = ({ done, total, message }: { done: number; total: number; message: string }): void => {
      told.push(done / total);
      if (message.startsWith('fold 3 of 5')) stop.abort();
    };
    const ended = crossValidate('LINEAR_REGRESSION', table, foldsOf(golden.linear), {
      ...options,
      onProgress,
      signal: stop.signal,
    });
    await expect(ended).rejects.toMatchObject({ name: 'TrainingCancelled' });
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    expect(told.at(-1)).toBeGreaterThan(2 / 6);
    expect(told.at(-1)).toBeLessThanOrEqual(3 / 6);
  });

  it('refuses folds that miss a class before it fits anything', async () => {
    const table = tableOf('CLASSIFICATION', mixed.binary);
    const { codes } = table.target as { codes: Int32Array };
    const rows = Int32Array.from(codes.keys());
    const onProgress = jest.fn();
    const onlyOnes = { train: rows.filter((row) => codes[row] === 1), test: rows.filter((row) => codes[row] === 0) };
    const refused = crossValidate('LOGISTIC_REGRESSION', table, [onlyOnes], { ...options, onProgress });
    await expect(refused).rejects.toThrow(/^Fold 1 of 1 can't be trained on: .* Or ask for fewer folds\.$/);
    expect(onProgress).not.toHaveBeenCalled();
  });
});
