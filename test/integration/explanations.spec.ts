import { createExplainer } from '../../src/ml/explain/explainer.js';
import { columnMeans } from '../../src/ml/explain/linear-sums.js';
import { compile } from '../../src/ml/onnx/compile.js';
import { decodeModel } from '../../src/ml/onnx/decode.js';
import { logistic } from '../../src/ml/onnx/kernels/post-transform.js';
import type { Batch } from '../../src/ml/schema/evaluator.js';
import { batchOf, type Column, createTable, stringColumn } from '../../src/ml/train/table.js';
import { appendCalibrator } from '../../src/ml/train/calibration/append.js';
import type { Calibrator } from '../../src/ml/train/calibration/calibrator.js';
import { type Algorithm, TRAINERS } from '../../src/ml/train/trainer.js';
import { draws, mixedRows } from '../fixtures/trainers/rows.js';

const ROWS = 600;
const EXPLAINED = 40;
const mixed = mixedRows(ROWS, 1);

/** Numbers with gaps, a boolean, few and many categories, and one column that no model uses. */
function features(): Column[] {
  const uniform = draws(12);
  const towns = Array.from({ length: ROWS }, () => (uniform() < 0.1 ? '' : `town ${Math.floor(uniform() * 30)}`));
  const constant: Column = { name: 'constant', type: 'NUMBER', values: new Float64Array(ROWS).fill(3) };
  return [constant, ...mixed.features, stringColumn('town', towns)];
}

/** What the served scores of a row are if these are the explained ones. */
function served(unit: string, outputs: readonly number[]): number[] {
  switch (unit) {
    case 'LOG_ODDS':
      return [logistic(-outputs[0]!), logistic(outputs[0]!)];
    case 'SOFTMAX_SCORE': {
      const powers = outputs.map((score) => Math.exp(score));
      const sum = powers.reduce((total, power) => total + power, 0);
      return powers.map((power) => power / sum);
    }
    case 'PROBABILITY':
      return outputs.length === 1 ? [1 - outputs[0]!, outputs[0]!] : [...outputs];
    default:
      return [...outputs];
  }
}

// eslint-disable-next-line @typescript-eslint/require-await
async function* once(batch: Batch): AsyncGenerator<Batch> {
  yield batch;
}

describe.each<[Algorithm, 'value' | 'binary' | 'multi', string]>([
  ['LINEAR_REGRESSION', 'value', 'VALUE'],
  ['LOGISTIC_REGRESSION', 'binary', 'LOG_ODDS'],
  ['LOGISTIC_REGRESSION', 'multi', 'SOFTMAX_SCORE'],
  ['RANDOM_FOREST', 'value', 'VALUE'],
  ['RANDOM_FOREST', 'binary', 'PROBABILITY'],
  ['RANDOM_FOREST', 'multi', 'PROBABILITY'],
  ['GRADIENT_BOOSTING', 'value', 'VALUE'],
  ['GRADIENT_BOOSTING', 'binary', 'LOG_ODDS'],
  ['GRADIENT_BOOSTING', 'multi', 'SOFTMAX_SCORE'],
])('explanations of %s for %s', (algorithm, target, unit) => {
  it('add up to what is served, and give nothing to a column that nothing reads', async () => {
    const task = target === 'value' ? 'REGRESSION' : 'CLASSIFICATION';
    const table = createTable(task, { name: 'y', type: 'NUMBER', values: mixed[target] }, features());
    const small = algorithm.endsWith('T') ? { trees: 10 } : algorithm === 'GRADIENT_BOOSTING' ? { rounds: 20 } : {};
    const { onnx } = await TRAINERS[algorithm].fit(table, { seed: 1, hyperparameters: small });
    const evaluator = compile(decodeModel(onnx));
    const means = await columnMeans(evaluator, once(batchOf(table)));
    expect(means === undefined).toBe(!algorithm.endsWith('REGRESSION'));
    const explainer = createExplainer(evaluator, means);
    expect(explainer.unit).toBe(unit);
    const explained = await explainer.explain(batchOf(table), () => Promise.resolve());
    const { values, width } = evaluator.evaluate(batchOf(table, 0, EXPLAINED));
    explained.slice(0, EXPLAINED).forEach((scores, row) => {
      for (const { base, output, contributions } of scores) {
        const sum = contributions.reduce((total, part) => total + part, base);
        expect(Math.abs(sum - output) / Math.max(1, Math.abs(output))).toBeLessThan(1e-9);
        expect(contributions).toHaveLength(table.features.length);
        expect(contributions[0]).toBe(0);
      }
      const expected = served(
        unit,
        scores.map(({ output }) => output),
      );
      expected.forEach((score, k) => {
        const own = values[row * width + k]!;
        expect(Math.abs(score - own) / Math.max(1, Math.abs(own))).toBeLessThan(1e-5);
      });
    });
    if (means) {
      // Linear: the contributions of a column are 0 on average, those of its categories together.
      table.features.forEach((_, column) => {
        const total = explained.reduce((sum, scores) => sum + scores[0]!.contributions[column]!, 0);
        expect(Math.abs(total / ROWS)).toBeLessThan(1e-9);
      });
    }
  });
});

describe.each<Calibrator>([
  { method: 'PLATT', maps: [{ slope: 4, intercept: -2 }] },
  { method: 'ISOTONIC', maps: [{ thresholds: [0.5], values: [0.1, 0.9] }] },
])('with a calibrator by $method', (calibrator) => {
  it.each<Algorithm>(['RANDOM_FOREST', 'LOGISTIC_REGRESSION'])(
    'the scores before it are explained (%s)',
    async (algorithm) => {
      const table = createTable('CLASSIFICATION', { name: 'y', type: 'NUMBER', values: mixed.binary }, features());
      const { onnx } = await TRAINERS[algorithm].fit(table, { seed: 1 });
      const explained = async (model: Uint8Array) => {
        const evaluator = compile(decodeModel(model));
        const explainer = createExplainer(evaluator, await columnMeans(evaluator, once(batchOf(table))));
        return { explainer, rows: await explainer.explain(batchOf(table, 0, 3), () => Promise.resolve()) };
      };
      const plain = await explained(onnx);
      const calibrated = await explained(appendCalibrator(onnx, calibrator, ['0', '1']));
      expect([plain.explainer.calibrated, calibrated.explainer.calibrated]).toEqual([false, true]);
      expect(calibrated.rows).toEqual(plain.rows);
    },
  );
});
