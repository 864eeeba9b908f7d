import type { Numbers } from './regression.js';

const BINS = 15;

/**
 * Expected calibration error (Guo et al. 2017): rows are put into 15 bins of equal width by the probability of the
 * predicted class, bin b holding ((b − 1)/15, b/15]; the score is Σ (rows in bin / rows)·|accuracy − mean probability|.
 *
 * @param codes true classes. @param probabilities row-major [n, width]. @param predicted most probable classes.
 */
export function expectedCalibrationError(
  codes: Int32Array,
  probabilities: Numbers,
  predicted: Int32Array,
  width: number,
): number {
  // (Σ hits − Σ confidence) of each bin; dividing by its rows and weighting by them again cancels out.
  const surplus = new Float64Array(BINS);
  codes.forEach((code, row) => {
    const confidence = probabilities[row * width + predicted[row]!]!;
    const bin = Math.min(Math.max(Math.ceil(confidence * BINS) - 1, 0), BINS - 1);
    surplus[bin]! += (code === predicted[row] ? 1 : 0) - confidence;
  });
  return surplus.reduce((sum, gap) => sum + Math.abs(gap), 0) / codes.length;
}
