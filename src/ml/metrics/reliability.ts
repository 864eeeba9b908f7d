import { calibrationBin, CALIBRATION_BINS } from './calibration.js';
import { mostProbable } from './classification.js';
import type { Numbers } from './regression.js';

/** Rows whose probability lies in (lower, upper], the first bin with 0 as well. */
export interface ReliabilityBin {
  readonly lower: number;
  readonly upper: number;
  readonly rows: number;
  /** Mean probability. */
  readonly predicted: number;
  /** Share of rows for which it came true. */
  readonly observed: number;
}

/**
 * Reliability curve (DeGroot and Fienberg 1983): what came true, by what was said, in 15 bins of equal width without the
 * empty ones. Two classes: of the second one's probability. More: of the most probable class's, as in the ECE.
 *
 * @param codes true classes, length n. @param probabilities row-major [n, width].
 */
export function reliabilityCurve(codes: Int32Array, probabilities: Numbers, width: number): ReliabilityBin[] {
  const judged = width === 2 ? new Int32Array(codes.length).fill(1) : mostProbable(probabilities, width);
  const rows = new Float64Array(CALIBRATION_BINS);
  const predicted = new Float64Array(CALIBRATION_BINS);
  const observed = new Float64Array(CALIBRATION_BINS);
  codes.forEach((code, row) => {
    const probability = probabilities[row * width + judged[row]!]!;
    const bin = calibrationBin(probability);
    rows[bin]!++;
    predicted[bin]! += probability;
    observed[bin]! += code === judged[row] ? 1 : 0;
  });
  return Array.from(rows, (count, bin) => ({
    lower: bin / CALIBRATION_BINS,
    upper: (bin + 1) / CALIBRATION_BINS,
    rows: count,
    predicted: predicted[bin]! / count,
    observed: observed[bin]! / count,
  })).filter((bin) => bin.rows > 0);
}
