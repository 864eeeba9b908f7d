import { TrainingDataError } from './errors.js';
import type { HyperparameterSpec } from './hyperparameters.js';
import { type ClassTarget, countClasses, type TrainingTable } from './table.js';

export interface WeightOptions {
  /** How much each row of the table counts: finite, not negative, not all 0. Default: as the table says. */
  readonly sampleWeights?: Float64Array;
  /** How much rows of a class count, by label; 1 where none is given. */
  readonly classWeights?: Readonly<Record<string, number>>;
}

/** For algorithms that learn classes. */
export const CLASS_BALANCE: HyperparameterSpec = {
  name: 'classBalance',
  type: 'NUMBER',
  min: 0,
  max: 1,
  default: 0,
  description:
    'How far rare classes are made up for: 0 counts every row alike, 1 gives all classes the same weight. No meaning for numbers.',
};

/**
 * The weight of each row: its own, times its class's, times (n / (K · n_k))^balance with n_k rows of its class among K —
 * for a balance of 1, scikit-learn's "balanced". Undefined if all rows weigh 1.
 *
 * @throws TrainingDataError WRONG_WEIGHTS if weights don't fit the table, or leave a class or everything without weight.
 */
export function rowWeights(
  { rows, target, weights: ofTable }: TrainingTable,
  { sampleWeights = ofTable, classWeights }: WeightOptions,
  balance = 0,
): Float64Array | undefined {
  const ofClass = target.task === 'CLASSIFICATION' ? weightsOfClasses(target, classWeights, balance) : undefined;
  if (!sampleWeights && !ofClass) return undefined;
  if (sampleWeights && sampleWeights.length !== rows) {
    refuse(`There are ${sampleWeights.length} sample weights for ${rows} rows; give one for each row.`);
  }
  const weights = new Float64Array(rows);
  const sums = new Float64Array(target.task === 'CLASSIFICATION' ? target.classes.length : 1);
  for (let row = 0; row < rows; row++) {
    const code = target.task === 'CLASSIFICATION' ? target.codes[row]! : 0;
    const weight = (sampleWeights?.[row] ?? 1) * (ofClass?.[code] ?? 1);
    if (!(weight >= 0 && weight < Infinity)) refuse(`Row ${row} has the weight ${weight}; weights are 0 or more.`);
    weights[row] = weight;
    sums[code]! += weight;
  }
  if (sums.includes(0)) refuse('The weights of all rows, or of all rows of one class, are 0: nothing can be learned.');
  return weights;
}

/**
 * Checks the values of a column of weights.
 * @throws TrainingDataError WRONG_WEIGHTS that names the column, and what is wrong with how many of its rows.
 */
export function assertRowWeights(column: string, weights: Float64Array): void {
  const missing = weights.reduce((sum, weight) => sum + (Number.isNaN(weight) ? 1 : 0), 0);
  if (missing > 0) refuse(`${missing} rows have no weight in "${column}". Fill them, with 1 for an ordinary row.`);
  const wrong = weights.find((weight) => !(weight >= 0 && weight < Infinity));
  if (wrong !== undefined) refuse(`"${column}" holds the weight ${wrong}; weights are finite, and 0 or more.`);
}

function weightsOfClasses(
  target: ClassTarget,
  given: Readonly<Record<string, number>> | undefined,
  balance: number,
): number[] | undefined {
  const unknown = Object.keys(given ?? {}).find((label) => !target.classes.includes(label));
  if (unknown !== undefined) {
    refuse(`There is a weight for the class "${unknown}", and no such class; there are ${target.classes.join(', ')}.`);
  }
  if (!given && balance === 0) return undefined;
  const counts = countClasses(target);
  const fair = target.codes.length / target.classes.length;
  return target.classes.map((label, code) => (given?.[label] ?? 1) * (fair / counts[code]!) ** balance);
}

function refuse(message: string): never {
  throw new TrainingDataError('WRONG_WEIGHTS', message);
}
