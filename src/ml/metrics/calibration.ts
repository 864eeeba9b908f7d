import type { Numbers } from './regression.js';

export const CALIBRATION_BINS = 15;

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
  const surplus = new Float64Array(CALIBRATION_BINS);
  codes.forEach((code, row) => {
    const confidence = probabilities[row * width + predicted[row]!]!;
    surplus[calibrationBin(confidence)]! += (code === predicted[row] ? 1 : 0) - confidence;
  });
  return surplus.reduce((sum, gap) => sum + Math.abs(gap), 0) / codes.length;
}

/** Bin b holds (b/15, (b + 1)/15], the first 0 as well. */
export function calibrationBin(confidence: number): number {
  return Math.min(Math.max(Math.ceil(confidence * CALIBRATION_BINS) - 1, 0), CALIBRATION_BINS - 1);
}
