import { mixedRows } from '../../../test/fixtures/trainers/rows.js';
import type { Evaluator } from '../schema/evaluator.js';
import { createTable } from '../train/table.js';
import { permutationImportance } from './permutation.js';

/** A model that reads only the first column, and is right. */
const first: Evaluator = {
  inputs: [],
  width: 1,
  bytes: 0,
  evaluate: ({ rows, columns }) => ({ rows, width: 1, values: Float32Array.from(columns[0] as Float32Array) }),
  dispose: () => undefined,
};

function table(rows: number) {
  const { features } = mixedRows(rows, 3);
  const [a] = features;
  if (a?.type !== 'NUMBER') throw new Error('the first column holds numbers');
  return createTable('REGRESSION', { name: 'y', type: 'NUMBER', values: a.values }, features);
}

describe('permutation importance', () => {
  it('is the rise of the error by a shuffled column, and 0 for columns that the model does not read', async () => {
    const found = await permutationImportance(first, table(2000), { seed: 1, limitMs: 10_000 });
    expect(found).toMatchObject({ metric: 'rmse', rows: 2000, repeats: 5 });
    expect(found.intact).toBeLessThan(1e-6);
    const [a, ...others] = found.features;
    // Two independent draws from a uniform on [−2, 2) differ by √(2 · 16 / 12) on average.
    expect(a!.increase).toBeCloseTo(Math.sqrt(32 / 12), 1);
    expect(a!.deviation).toBeGreaterThan(0);
    expect(others.map(({ increase }) => increase)).toEqual(others.map(() => 0));
  });

  it('is the same for the same seed, and another for another', async () => {
    const of = (seed: number) => permutationImportance(first, table(300), { seed, limitMs: 10_000 });
    expect(await of(1)).toEqual(await of(1));
    expect((await of(2)).features[0]).not.toEqual((await of(1)).features[0]);
  });

  it('looks at a bounded number of rows', async () => {
    const { rows } = await permutationImportance(first, table(6000), { seed: 1, limitMs: 10_000 });
    expect(rows).toBe(4096);
  });

  it('begins no column when its time is over, and says so', async () => {
    const { features } = await permutationImportance(first, table(100), { seed: 1, limitMs: -1 });
    expect(features.every(({ increase }) => increase === null)).toBe(true);
  });

  it('leaves a column out whose turn it is when the time is over, and the figures of those before it as they are', async () => {
    const limitMs = 400;
    let calls = 0;
    const slow: Evaluator = {
      ...first,
      // The rows as they are, and five shuffles of the first column; then it hangs.
      evaluate: async (batch) => {
        if (++calls > 6) await new Promise((resolve) => setTimeout(resolve, limitMs));
        return first.evaluate(batch);
      },
    };
    const whole = await permutationImportance(first, table(100), { seed: 1, limitMs: 10_000 });
    const { features } = await permutationImportance(slow, table(100), { seed: 1, limitMs });
    expect(features[0]).toEqual(whole.features[0]);
    expect(features.slice(1).every(({ increase, deviation }) => increase === null && deviation === null)).toBe(true);
    expect(calls).toBe(7);
  });

  it('stops when it is told to', async () => {
    const signal = AbortSignal.abort(new Error('cancelled'));
    await expect(permutationImportance(first, table(100), { seed: 1, signal, limitMs: 10_000 })).rejects.toThrow(
      'cancelled',
    );
  });
});
