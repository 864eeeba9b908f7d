import { ensembleOf, forestModel, type StoredTree } from '../../../test/fixtures/explanations/forests.js';
import { mixedRows } from '../../../test/fixtures/trainers/rows.js';
import { CompiledEvaluator, compile } from '../onnx/compile.js';
import { decodeModel } from '../onnx/decode.js';
import { encodeModel } from '../onnx/encode.js';
import { withHitRates } from '../onnx/hit-rates.js';
import type { Batch } from '../schema/evaluator.js';
import { batchOf, createTable } from '../train/table.js';
import { TRAINERS } from '../train/trainer.js';
import { readHead } from './head.js';
import { countNodeRows } from './node-covers.js';

const evaluatorOf = (onnx: Uint8Array): CompiledEvaluator => compile(decodeModel(onnx));

function headOf(onnx: Uint8Array) {
  const head = readHead(evaluatorOf(onnx).program);
  if (head.kind !== 'TREES') throw new Error('it is made of trees');
  return { output: head.output, covers: head.compiled.covers };
}

// eslint-disable-next-line @typescript-eslint/require-await
async function* inTwo(batch: Batch): AsyncGenerator<Batch> {
  const half = batch.rows >> 1;
  yield { rows: half, columns: batch.columns.map((column) => column.slice(0, half)) };
  yield { rows: batch.rows - half, columns: batch.columns.map((column) => column.slice(half)) };
}

describe('rows by node', () => {
  it.each(['value', 'binary', 'multi'] as const)('are those that a training counted itself: %s', async (target) => {
    const rows = mixedRows(500, 4);
    const task = target === 'value' ? 'REGRESSION' : 'CLASSIFICATION';
    const table = createTable(task, { name: 'y', type: 'NUMBER', values: rows[target] }, rows.features);
    const { onnx } = await TRAINERS.GRADIENT_BOOSTING.fit(table, { seed: 1, hyperparameters: { rounds: 8 } });
    const { output, covers } = headOf(onnx);
    expect(await countNodeRows(evaluatorOf(onnx), inTwo(batchOf(table)), table.rows)).toBeUndefined();
    // As exporters write them that know of no rows.
    const silent = withHitRates(onnx, output, new Float32Array(covers!.length));
    expect(headOf(silent).covers).toBeUndefined();
    const counted = await countNodeRows(evaluatorOf(silent), inTwo(batchOf(table)), table.rows);
    expect(counted).toEqual({ output, covers });
    const again = withHitRates(silent, output, counted!.covers);
    expect(headOf(again).covers).toEqual(covers);
    const batch = batchOf(table);
    expect(evaluatorOf(again).evaluate(batch).values).toEqual(evaluatorOf(onnx).evaluate(batch).values);
  });

  it('add up also below splits that no row reaches', async () => {
    const tree: StoredTree = {
      left: [1, -1, 3, -1, -1],
      right: [2, -1, 4, -1, -1],
      feature: [0, -1, 0, -1, -1],
      threshold: [5, 0, 7, 0, 0],
      covers: [],
      values: [0, 1, 0, 2, 3],
    };
    const { covers: _, ...trees } = ensembleOf([tree]);
    const onnx = encodeModel(forestModel(1, trees));
    const batch = { rows: 3, columns: [Float32Array.of(1, 2, 3)] };
    const { output, covers } = (await countNodeRows(evaluatorOf(onnx), inTwo(batch), 3))!;
    const told = headOf(withHitRates(onnx, output, covers)).covers!;
    expect(told).toEqual(covers);
    expect(covers[0]).toBeCloseTo(3, 5);
    expect(covers.every((count) => count > 0)).toBe(true);
  });
});
