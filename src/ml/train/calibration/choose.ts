import { logLosses } from '../../metrics/losses.js';
import { Random } from '../../statistics/random.js';
import { calibrated, type CalibrationMethod, type Calibrator, fitCalibrator } from './calibrator.js';

/** What was tried on the validation rows, and what won. */
export interface CalibrationChoice {
  /** Undefined if the probabilities are best left as they are. */
  readonly calibrator?: Calibrator;
  /** Mean log loss by method on rows that the method was not fitted on; empty if there were too few rows to try. */
  readonly logLoss: Readonly<Partial<Record<CalibrationMethod | 'NONE', number>>>;
  /** Probabilities of the validation rows, each from a calibrator that was fitted without it. */
  readonly probabilities: Float32Array;
}

const METHODS: readonly CalibrationMethod[] = ['PLATT', 'ISOTONIC'];
const FOLDS = 5;
/** Fewer rows, or fewer of a class, say too little about probabilities. */
const MIN_ROWS = 200;
const MIN_CLASS_ROWS = 20;
/** Stream number of the random sequence that draws folds, apart from those that trainers use. */
const FOLD_STREAM = 0xca11;

/**
 * Chooses between leaving a model's probabilities as they are, Platt scaling and isotonic regression by the log loss on
 * the validation rows. Each method is judged on fifths it was not fitted on: on its own rows isotonic regression always
 * wins. The winner is then fitted on all of them.
 *
 * @param codes true classes of the validation rows, length n. @param probabilities row-major [n, width].
 */
export function chooseCalibration(
  codes: Int32Array,
  probabilities: Float32Array,
  width: number,
  seed: number,
): CalibrationChoice {
  if (!sufficient(codes, width)) return { logLoss: {}, probabilities };
  const random = new Random(seed, FOLD_STREAM);
  const folds = Uint8Array.from(codes, () => random.below(FOLDS));
  const logLoss: Partial<Record<CalibrationMethod | 'NONE', number>> = { NONE: meanLoss(codes, probabilities, width) };
  let best: { method?: CalibrationMethod; loss: number; probabilities: Float32Array } = {
    loss: logLoss.NONE!,
    probabilities,
  };
  for (const method of METHODS) {
    const outOfFold = crossFitted(method, codes, probabilities, width, folds);
    const loss = meanLoss(codes, outOfFold, width);
    logLoss[method] = loss;
    if (loss < best.loss) best = { method, loss, probabilities: outOfFold };
  }
  const { method } = best;
  return {
    ...(method && { calibrator: fitCalibrator(method, codes, probabilities, width) }),
    logLoss,
    probabilities: best.probabilities,
  };
}

function sufficient(codes: Int32Array, width: number): boolean {
  const counts = new Int32Array(width);
  for (const code of codes) counts[code]!++;
  return codes.length >= MIN_ROWS && counts.every((count) => count >= MIN_CLASS_ROWS);
}

function crossFitted(
  method: CalibrationMethod,
  codes: Int32Array,
  probabilities: Float32Array,
  width: number,
  folds: Uint8Array,
): Float32Array {
  const mapped = new Float32Array(probabilities.length);
  const rowOf = (row: number): Float32Array => probabilities.subarray(row * width, (row + 1) * width);
  const joined = (rows: Int32Array): Float32Array => {
    const picked = new Float32Array(rows.length * width);
    rows.forEach((row, i) => {
      picked.set(rowOf(row), i * width);
    });
    return picked;
  };
  const all = Int32Array.from(codes.keys());
  for (let fold = 0; fold < FOLDS; fold++) {
    const fitted = all.filter((row) => folds[row] !== fold);
    const judged = all.filter((row) => folds[row] === fold);
    const calibrator = fitCalibrator(
      method,
      fitted.map((row) => codes[row]!),
      joined(fitted),
      width,
    );
    const values = calibrated(calibrator, joined(judged), width);
    judged.forEach((row, i) => {
      mapped.set(values.subarray(i * width, (i + 1) * width), row * width);
    });
  }
  return mapped;
}

function meanLoss(codes: Int32Array, probabilities: Float32Array, width: number): number {
  return logLosses(codes, probabilities, width).reduce((sum, loss) => sum + loss, 0) / codes.length;
}
