import type { Tensor } from 'onnxruntime-node';
import { compile } from '../../src/ml/onnx/compile.js';
import { decodeModel } from '../../src/ml/onnx/decode.js';
import { batchOf, createTable, stringColumn, type Column } from '../../src/ml/train/table.js';
import { TRAINERS, type Algorithm } from '../../src/ml/train/trainer.js';
import { draws, mixedRows } from '../fixtures/trainers/rows.js';

// Jest's sandbox has a Float32Array of its own, which ONNX Runtime's native code doesn't recognise. A structured clone
// is made outside the sandbox, so its constructor is the one that native code uses.
globalThis.Float32Array = structuredClone(new Float32Array(0)).constructor as Float32ArrayConstructor;
const ort = await import('onnxruntime-node');

const mixed = mixedRows(800, 1);

/** Numbers with gaps, booleans, few and many categories with gaps, and columns that no model can use. */
function features(): Column[] {
  const uniform = draws(12);
  const towns = Array.from({ length: 800 }, () => (uniform() < 0.1 ? '' : `town ${Math.floor(uniform() * 30)}`));
  const constant: Column = { name: 'constant', type: 'NUMBER', values: new Float64Array(800).fill(3) };
  return [
    stringColumn('blank', new Array<string>(800).fill('')),
    constant,
    ...mixed.features,
    stringColumn('town', towns),
  ];
}

describe.each<[Algorithm, 'value' | 'binary' | 'multi']>([
  ['LINEAR_REGRESSION', 'value'],
  ['LOGISTIC_REGRESSION', 'binary'],
  ['LOGISTIC_REGRESSION', 'multi'],
  ['RANDOM_FOREST', 'value'],
  ['RANDOM_FOREST', 'binary'],
  ['RANDOM_FOREST', 'multi'],
  ['GRADIENT_BOOSTING', 'value'],
  ['GRADIENT_BOOSTING', 'binary'],
  ['GRADIENT_BOOSTING', 'multi'],
])('artifact of %s for %s', (algorithm, target) => {
  it('is scored alike by ONNX Runtime and by the compiled kernels', async () => {
    const task = target === 'value' ? 'REGRESSION' : 'CLASSIFICATION';
    const table = createTable(task, { name: 'y', type: 'NUMBER', values: mixed[target] }, features());
    const { onnx } = await TRAINERS[algorithm].fit(table, { seed: 1, hyperparameters: { maxCategories: 25 } });
    const batch = batchOf(table);
    const own = compile(decodeModel(onnx)).evaluate(batch).values;

    const session = await ort.InferenceSession.create(onnx, { logSeverityLevel: 3, intraOpNumThreads: 1 });
    const feeds: Record<string, Tensor> = {};
    table.features.forEach(({ name }, i) => {
      const column = batch.columns[i]!;
      const shape = [batch.rows, 1];
      feeds[name] = Array.isArray(column)
        ? new ort.Tensor('string', column as string[], shape)
        : new ort.Tensor('float32', Float32Array.from(column as Float32Array), shape);
    });
    const output = task === 'REGRESSION' ? 'prediction' : 'probabilities';
    const reference = (await session.run(feeds, [output]))[output]!.data as Float32Array;
    await session.release();

    expect(own).toHaveLength(reference.length);
    const worst = own.reduce((max, x, i) => Math.max(max, Math.abs(x - reference[i]!) / Math.max(1, Math.abs(x))), 0);
    expect(worst).toBeLessThanOrEqual(1e-5);
  });
});
