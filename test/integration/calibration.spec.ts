import { compile } from '../../src/ml/onnx/compile.js';
import { decodeModel } from '../../src/ml/onnx/decode.js';
import { encodeModel } from '../../src/ml/onnx/encode.js';
import { GraphBuilder } from '../../src/ml/onnx/graph-builder.js';
import { Random } from '../../src/ml/statistics/random.js';
import { appendCalibrator } from '../../src/ml/train/calibration/append.js';
import { calibrated, fitCalibrator, settledRows } from '../../src/ml/train/calibration/calibrator.js';

// Jest's sandbox has a Float32Array of its own, which ONNX Runtime's native code doesn't recognise.
globalThis.Float32Array = structuredClone(new Float32Array(0)).constructor as Float32ArrayConstructor;
const { OnnxRuntimeEvaluator } = await import('../../src/models/evaluation/onnx-runtime-evaluator.js');

const ROWS = 800;

/** A softmax over two inputs, one of them called as a builder would call a value of its own. */
function model(classes: readonly string[]): Uint8Array {
  const graph = new GraphBuilder();
  const x = graph.concat([graph.input('x', 'float'), graph.input('probabilities_inner', 'float')]);
  const weights = classes.flatMap((_, k) => [k - 1, 0.5 * k]);
  const probabilities = graph.linearClassifier(
    x,
    weights,
    classes.map((_, k) => k / 3),
    classes,
    'SOFTMAX',
  );
  graph.output('probabilities', probabilities);
  return encodeModel(graph.build('base'));
}

describe.each([2, 4])('a calibrated graph of %d classes', (width) => {
  const classes = Array.from({ length: width }, (_, k) => `class ${k}`);
  const random = new Random(width);
  const draw = (): Float32Array => Float32Array.from({ length: ROWS }, () => 4 * random.uniform() - 2);
  const batch = { rows: ROWS, columns: [draw(), draw()] };
  const codes = Int32Array.from({ length: ROWS }, () => random.below(width));

  it.each(['PLATT', 'ISOTONIC'] as const)(
    '%s gives what was fitted, by our kernels and by ONNX Runtime',
    async (method) => {
      const base = model(classes);
      const raw = compile(decodeModel(base)).evaluate(batch).values;
      const calibrator = fitCalibrator(method, codes, raw, width);
      const onnx = appendCalibrator(base, calibrator, classes);
      const ours = compile(decodeModel(onnx));
      expect([...ours.inputs.map(({ name }) => name), ours.width]).toEqual(['x', 'probabilities_inner', width]);
      const judge = await OnnxRuntimeEvaluator.create(onnx);
      const [served, judged] = [ours.evaluate(batch).values, (await judge.evaluate(batch)).values];
      const expected = calibrated(calibrator, raw, width);
      const settled = settledRows(calibrator, raw, width);
      expect(settled.length).toBeGreaterThan(0.9 * ROWS);
      for (const row of settled) {
        for (let i = row * width; i < (row + 1) * width; i++) {
          expect(Math.abs(served[i]! - expected[i]!)).toBeLessThan(1e-5);
          expect(Math.abs(judged[i]! - served[i]!)).toBeLessThan(1e-5);
        }
      }
      expect(decodeModel(onnx).graph.outputs.map(({ name }) => name)).toEqual(['probabilities']);
      await judge.dispose();
    },
  );
});
