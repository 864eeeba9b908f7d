import { setImmediate } from 'node:timers/promises';
import type { Batch, Evaluator } from '../ml/schema/evaluator.js';
import type { Signature } from '../ml/schema/signature.js';
import { layoutOf } from './counts/binning-layout.js';
import { RowBinner } from './counts/row-binner.js';
import { scoreRows } from './score-rows.js';

const signature: Signature = {
  task: 'REGRESSION',
  target: 'y',
  features: [
    { name: 'a', type: 'NUMBER', nullable: true },
    { name: 'b', type: 'NUMBER', nullable: false },
  ],
};

const layout = layoutOf(signature, {
  rows: 1,
  features: { a: { binning: { type: 'NUMERIC', lower: 0, upper: [1, 2, 3] }, counts: [] } },
  output: null,
});
const counter = { modelId: 'model', versionId: 'version', binningId: 'binning', binner: new RowBinner(layout) };
const loaded = (evaluator: Evaluator) => ({ evaluator, counter });

/** An implementation of the port that adds its columns up. */
class Sum implements Evaluator {
  readonly inputs = [
    { name: 'a', type: 'float' },
    { name: 'b', type: 'float' },
  ] as const;
  readonly width = 1;
  readonly bytes = 0;
  largest = 0;

  evaluate({ rows, columns: [a, b] }: Batch) {
    this.largest = Math.max(this.largest, rows);
    return { rows, width: 1, values: Float32Array.from({ length: rows }, (_, i) => Number(a![i]) + Number(b![i])) };
  }

  dispose(): void {
    // Holds nothing.
  }
}

describe('scoreRows', () => {
  it('gives each row its output and the JSON that is logged, with values coerced', async () => {
    const { rows } = await scoreRows(signature, loaded(new Sum()), [
      { a: 1, b: 2.5 },
      { a: '4', b: 5 },
    ]);
    expect(rows).toMatchObject([
      { id: expect.any(String), output: { value: 3.5 }, inputsJson: '{"a":1,"b":2.5}', outputJson: '{"value":3.5}' },
      { id: expect.any(String), output: { value: 9 }, inputsJson: '{"a":4,"b":5}', outputJson: '{"value":9}' },
    ]);
  });

  it('finds the bins of each row, also beyond the first block', async () => {
    const given = Array.from({ length: 5_000 }, (_, i) => ({ a: [0, 1, 2, 9][i % 4], b: -1 }));
    const { rows } = await scoreRows(signature, loaded(new Sum()), given);
    // a: below 0, 3 bins, above 3, missing; b and the output, of which nothing is known: below 0, from 0 on, missing.
    const expected = [
      [1, 6, 9],
      [1, 6, 10],
      [2, 6, 10],
      [4, 6, 10],
    ];
    rows.forEach(({ binned, binnedRow }, i) => {
      expect([...binned.positions.subarray(binnedRow * 3, binnedRow * 3 + 3)]).toEqual(expected[i % 4]);
    });
  });

  it('works through many rows in blocks and lets others run in between', async () => {
    let turns = 0;
    const finished = new AbortController();
    const others = (async () => {
      while (!finished.signal.aborted) {
        await setImmediate();
        turns++;
      }
    })();
    const evaluator = new Sum();
    const { rows } = await scoreRows(
      signature,
      loaded(evaluator),
      Array.from({ length: 20_000 }, (_, i) => ({ a: i, b: 1 })),
    );
    finished.abort();
    await others;
    expect(rows.map(({ output }) => output.value)).toEqual(Array.from({ length: 20_000 }, (_, i) => i + 1));
    expect(evaluator.largest).toBeLessThanOrEqual(2_048);
    expect(turns).toBeGreaterThanOrEqual(9);
  });

  it('names wrong rows by their place in the request, also beyond the first block', async () => {
    const rows: unknown[] = Array.from({ length: 5_000 }, () => ({ a: 1, b: 1 }));
    rows[4_321] = { a: 1, b: null };
    await expect(scoreRows(signature, loaded(new Sum()), rows)).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringMatching(/^Row 4321: /),
      details: { problems: [expect.objectContaining({ row: 4_321, column: 'b', received: 'null' })] },
    });
  });

  it('refuses a row without a finite answer', async () => {
    const rows = [
      { a: 1, b: 1 },
      { a: 3e38, b: 3e38 },
    ];
    await expect(scoreRows(signature, loaded(new Sum()), rows)).rejects.toMatchObject({
      code: 'BAD_INPUT',
      details: { row: 1 },
    });
  });
});
