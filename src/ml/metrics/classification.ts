import { expectedCalibrationError } from './calibration.js';
import { logLosses } from './losses.js';
import { ranking, type Ranking } from './ranking.js';
import { checkedLength, type Numbers } from './regression.js';

export interface ClassificationMetrics {
  readonly rows: number;
  readonly logLoss: number;
  /** Of the most probable class, the first one on ties. */
  readonly accuracy: number;
  /** Mean recall over the classes that occur. */
  readonly balancedAccuracy: number;
  /** Mean F1 over the classes that occur or are predicted. */
  readonly f1Macro: number;
  /** By class label; 0 where a class is neither true nor predicted. */
  readonly f1: Readonly<Record<string, number>>;
  /** Two classes: of the second one. More: mean over the classes, each against the rest. Null where undefined. */
  readonly rocAuc: number | null;
  /** Average precision, as `rocAuc` of the second class or averaged. */
  readonly prAuc: number | null;
  /** Two classes: mean (p − y)² of the second. More: mean of Σ (p − y)² over all classes. */
  readonly brier: number;
  /** Expected calibration error of the most probable class, 15 bins of equal width. */
  readonly ece: number;
  /** confusion[i][j]: rows of class i that were predicted as j. */
  readonly confusion: readonly (readonly number[])[];
}

/**
 * Metrics of predicted probabilities, equal to scikit-learn's where it has them.
 *
 * @param codes true class codes, length n. @param probabilities row-major [n, classes].
 * @throws RangeError if the lengths don't fit or there are no rows.
 */
export function classificationMetrics(
  codes: Int32Array,
  probabilities: Numbers,
  classes: readonly string[],
): ClassificationMetrics {
  const width = classes.length;
  const rows = checkedLength(codes.length, probabilities.length / width);
  const predicted = mostProbable(probabilities, width);
  const confusion = confusionMatrix(codes, predicted, width);
  const byClass = classScores(confusion);
  const ranks = rankings(codes, probabilities, width);
  return {
    rows,
    logLoss: mean(logLosses(codes, probabilities, width)),
    accuracy: confusion.reduce((sum, line, k) => sum + line[k]!, 0) / rows,
    balancedAccuracy: mean(byClass.filter(({ actual }) => actual > 0).map(({ recall }) => recall)),
    f1Macro: mean(byClass.filter(({ actual, guessed }) => actual + guessed > 0).map(({ f1 }) => f1)),
    f1: Object.fromEntries(classes.map((label, k) => [label, byClass[k]!.f1])),
    rocAuc: meanOrNull(ranks.map(({ rocAuc }) => rocAuc)),
    prAuc: meanOrNull(ranks.map(({ prAuc }) => prAuc)),
    brier: mean(rowBrierScores(codes, probabilities, width)),
    ece: expectedCalibrationError(codes, probabilities, predicted, width),
    confusion,
  };
}

/** The class of the highest probability per row, the first one on ties. @param probabilities row-major [n, width]. */
export function mostProbable(probabilities: Numbers, width: number): Int32Array {
  const predicted = new Int32Array(probabilities.length / width);
  for (let row = 0; row < predicted.length; row++) {
    let best = 0;
    for (let k = 1; k < width; k++) {
      if (probabilities[row * width + k]! > probabilities[row * width + best]!) best = k;
    }
    predicted[row] = best;
  }
  return predicted;
}

function confusionMatrix(codes: Int32Array, predicted: Int32Array, width: number): number[][] {
  const matrix = Array.from({ length: width }, () => new Array<number>(width).fill(0));
  codes.forEach((code, row) => matrix[code]![predicted[row]!]!++);
  return matrix;
}

function classScores(confusion: readonly (readonly number[])[]) {
  return confusion.map((line, k) => {
    const hits = line[k]!;
    const actual = line.reduce((sum, count) => sum + count, 0);
    const guessed = confusion.reduce((sum, other) => sum + other[k]!, 0);
    const f1 = actual + guessed > 0 ? (2 * hits) / (actual + guessed) : 0;
    return { actual, guessed, recall: hits / actual, f1 };
  });
}

/** One ranking of the second of two classes, or one for each class. */
function rankings(codes: Int32Array, probabilities: Numbers, width: number): Ranking[] {
  const ranked = width === 2 ? [1] : Array.from({ length: width }, (_, k) => k);
  return ranked.map((k) => {
    const positive = Uint8Array.from(codes, (code) => (code === k ? 1 : 0));
    return ranking(
      positive,
      Float64Array.from(codes, (_, row) => probabilities[row * width + k]!),
    );
  });
}

/** See {@link ClassificationMetrics.brier}, for each row. @param probabilities row-major [n, width]. */
export function rowBrierScores(codes: Int32Array, probabilities: Numbers, width: number): Float64Array {
  return Float64Array.from(codes, (code, row) => {
    let sum = 0;
    for (let k = width === 2 ? 1 : 0; k < width; k++) {
      sum += (probabilities[row * width + k]! - (code === k ? 1 : 0)) ** 2;
    }
    return sum;
  });
}

/** Mean of what is defined: a class that doesn't occur in these rows says nothing about the model. */
function meanOrNull(values: readonly (number | null)[]): number | null {
  const defined = values.filter((value) => value !== null);
  return defined.length > 0 ? mean(defined) : null;
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}
