import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compile } from '../../src/ml/onnx/compile.js';
import { decodeModel } from '../../src/ml/onnx/decode.js';
import { UnsupportedGraphError } from '../../src/ml/onnx/model.js';
import type { Batch, EvaluatorInput } from '../../src/ml/schema/evaluator.js';

const FOLDER = 'test/fixtures/foreign-onnx';

interface Export {
  readonly name: string;
  readonly features: readonly string[];
  readonly rows: readonly Readonly<Record<string, string | number | null>>[];
  /** What the library that made the model answers for these rows. */
  readonly expected: readonly (readonly number[])[];
}

const { models } = JSON.parse(readFileSync(join(FOLDER, 'models.json'), 'utf8')) as { models: Export[] };

const bytesOf = (name: string): Uint8Array => readFileSync(join(FOLDER, `${name}.onnx`));

/** An input a column, or one input for all features in their order. */
function batchOf(inputs: readonly EvaluatorInput[], { features, rows }: Export): Batch {
  const names = inputs.length === 1 ? features : inputs.map(({ name }) => name);
  const columns = names.map((name) => {
    const cells = rows.map((row) => row[name] ?? null);
    if (cells.some((cell) => typeof cell === 'string')) return cells.map((cell) => String(cell ?? ''));
    return Float32Array.from(cells, (cell) => (cell === null ? NaN : Number(cell)));
  });
  return { rows: rows.length, columns };
}

describe('compiled kernels on exports of Python libraries', () => {
  const outside = ['neural-network', 'sklearn-zipmap'];
  const compiled = models.filter(({ name }) => !outside.includes(name));

  it('are tried on trees and linear models of three libraries', () => {
    const names = compiled.map(({ name }) => name.split('-')[0]);
    expect(new Set(names)).toEqual(new Set(['sklearn', 'lightgbm', 'xgboost']));
    expect(compiled.length).toBe(models.length - outside.length);
  });

  it.each(compiled.map((model) => [model.name, model] as const))('%s: answers as its library does', (name, model) => {
    const evaluator = compile(decodeModel(bytesOf(name)));
    const { values } = evaluator.evaluate(batchOf(evaluator.inputs, model));
    const expected = model.expected.flat();
    expect(values).toHaveLength(expected.length);
    expected.forEach((score, i) => {
      expect(Math.abs(values[i]! - score)).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(score)));
    });
  });

  it.each(outside)('%s is left to ONNX Runtime or refused', (name) => {
    expect(() => compile(decodeModel(bytesOf(name)))).toThrow(UnsupportedGraphError);
  });
});
