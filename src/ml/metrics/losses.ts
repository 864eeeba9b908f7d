import type { Numbers } from './regression.js';
import { checkedLength } from './regression.js';

/**
 * −log of the true class's probability per row. Probabilities are kept off 0 and 1 by the machine epsilon of their own
 * type (1.2e-7 for float32, 2.2e-16 otherwise), as scikit-learn does.
 *
 * @param codes true class codes, length n. @param probabilities row-major [n, width].
 * @throws RangeError if the lengths don't fit.
 */
export function logLosses(codes: Int32Array, probabilities: Numbers, width: number): Float64Array {
  checkedLength(codes.length, probabilities.length / width);
  const epsilon = probabilities.BYTES_PER_ELEMENT === 4 ? 2 ** -23 : Number.EPSILON;
  return Float64Array.from(codes, (code, row) => {
    const probability = probabilities[row * width + code]!;
    return -Math.log(Math.min(Math.max(probability, epsilon), 1 - epsilon));
  });
}

/** Squared error per row. @throws RangeError if the lengths differ. */
export function squaredErrors(truth: Numbers, predicted: Numbers): Float64Array {
  checkedLength(truth.length, predicted.length);
  return Float64Array.from(truth, (value, row) => (value - predicted[row]!) ** 2);
}
