import type { CompiledEvaluator } from '../onnx/compile.js';
import type { Batch } from '../schema/evaluator.js';
import { type Head, readHead } from './head.js';
import type { RowSums } from './row-sums.js';

/**
 * A linear model's scores of one prepared row. Column i contributes wᵢ·(xᵢ − meanᵢ), which is its Shapley value where
 * unknown columns stand at their mean; the base is the score of the means.
 */
export function linearSums(
  { coefficients, intercepts }: Head & { kind: 'LINEAR' },
  origins: Int32Array,
  inputs: number,
  means: ArrayLike<number>,
  row: Float32Array,
): RowSums {
  const outputs = intercepts.length;
  const width = origins.length;
  const base = Float64Array.from(intercepts);
  const output = Float64Array.from(intercepts);
  const contributions = new Float64Array(outputs * inputs);
  for (let k = 0; k < outputs; k++) {
    for (let i = 0; i < width; i++) {
      const weight = coefficients[k * width + i]!;
      base[k]! += weight * means[i]!;
      output[k]! += weight * row[i]!;
      contributions[k * inputs + origins[i]!]! += weight * (row[i]! - means[i]!);
    }
  }
  return { output, base, contributions };
}

/**
 * Means of the prepared columns of a linear model over batches of rows, from which its explanations start.
 * @returns undefined for other models, which need none.
 */
export async function columnMeans(
  evaluator: CompiledEvaluator,
  batches: AsyncIterable<Batch>,
): Promise<Float64Array | undefined> {
  const head = readHead(evaluator.program);
  if (head.kind !== 'LINEAR') return undefined;
  const place = evaluator.placeOf(head.input);
  const sums = new Float64Array(place.width);
  let rows = 0;
  for await (const batch of batches) {
    const { values, width } = evaluator.compute(batch, place);
    for (let at = 0; at < values.length; at++) sums[at % width]! += values[at]!;
    rows += batch.rows;
  }
  return sums.map((sum) => sum / rows);
}
