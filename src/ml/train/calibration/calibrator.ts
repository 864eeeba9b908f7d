import { fitIsotonic, stepAt, type Steps } from './isotonic.js';
import { fitSigmoid, sigmoidAt, type Sigmoid } from './platt.js';

/**
 * Maps probabilities to calibrated ones: of two classes the second one's, of more each against the rest (Zadrozny and
 * Elkan 2002), divided by their sum.
 */
export type Calibrator =
  | { readonly method: 'PLATT'; readonly maps: readonly Sigmoid[] }
  | { readonly method: 'ISOTONIC'; readonly maps: readonly Steps[] };

export type CalibrationMethod = Calibrator['method'];

/**
 * Fits a calibrator to rows that the model was not trained on.
 * @param codes true classes, length n. @param probabilities row-major [n, width].
 */
export function fitCalibrator(
  method: CalibrationMethod,
  codes: Int32Array,
  probabilities: Float32Array,
  width: number,
): Calibrator {
  const pairs = mappedClasses(width).map((k) => ({
    scores: Float32Array.from(codes, (_, row) => probabilities[row * width + k]!),
    outcomes: Uint8Array.from(codes, (code) => (code === k ? 1 : 0)),
  }));
  return method === 'PLATT'
    ? { method, maps: pairs.map(({ scores, outcomes }) => fitSigmoid(scores, outcomes)) }
    : { method, maps: pairs.map(({ scores, outcomes }) => fitIsotonic(scores, outcomes)) };
}

/** Calibrated probabilities, row-major as those given. */
export function calibrated(calibrator: Calibrator, probabilities: Float32Array, width: number): Float32Array {
  const mapped = new Float32Array(probabilities.length);
  const at = mapOf(calibrator);
  for (let from = 0; from < probabilities.length; from += width) {
    if (width === 2) {
      mapped[from + 1] = at(0, probabilities[from + 1]!);
      mapped[from] = 1 - mapped[from + 1]!;
      continue;
    }
    let sum = 0;
    for (let k = 0; k < width; k++) sum += mapped[from + k] = at(k, probabilities[from + k]!);
    for (let k = 0; k < width; k++) mapped[from + k] = mapped[from + k]! / sum;
  }
  return mapped;
}

/** Of two classes only the second is mapped. */
export function mappedClasses(width: number): number[] {
  return width === 2 ? [1] : Array.from({ length: width }, (_, k) => k);
}

function mapOf(calibrator: Calibrator): (map: number, score: number) => number {
  return calibrator.method === 'PLATT'
    ? (map, score) => sigmoidAt(calibrator.maps[map]!, score)
    : (map, score) => stepAt(calibrator.maps[map]!, score);
}

/** Nearer to a step than this, two evaluators that round differently may stand on either side of it. */
const NEAR = 1e-5;

/** Rows whose calibrated probabilities don't change if theirs do by a rounding error. @param probabilities [n, width]. */
export function settledRows(calibrator: Calibrator, probabilities: Float32Array, width: number): Int32Array {
  const rows = Int32Array.from({ length: probabilities.length / width }, (_, row) => row);
  if (calibrator.method === 'PLATT') return rows;
  return rows.filter((row) =>
    mappedClasses(width).every((k, map) => {
      const probability = probabilities[row * width + k]!;
      return calibrator.maps[map]!.thresholds.every((threshold) => Math.abs(probability - threshold) > NEAR);
    }),
  );
}
