import { TrainingDataError } from './errors.js';
import { hashPositions } from './row-hash.js';
import { joinEqualRows, type SplitMethod, timesOf } from './split.js';
import { countClasses, rowsWhere, type TrainingTable } from './table.js';

/** One round of a cross-validation: row numbers, ascending. */
export interface Fold {
  readonly train: Int32Array;
  readonly test: Int32Array;
}

export const MIN_FOLDS = 2;
export const MAX_FOLDS = 20;

/**
 * Divides rows for a cross-validation. By hash ({@link hashPositions}): every row is tested in one of `count` folds of
 * about equal size and trained on in all others; every class is divided evenly, and rows that look equal to a model
 * stand in one fold. TIME: forward chaining as scikit-learn's TimeSeriesSplit, on count + 1 blocks of equal size; each
 * fold is tested on a block and trained on all earlier ones, and equal times stand in one block.
 *
 * @param count MIN_FOLDS to MAX_FOLDS.
 * @throws TrainingDataError TOO_FEW_ROWS if a fold stays empty, NO_TIME for a division by time without times.
 */
export function makeFolds(table: TrainingTable, method: SplitMethod, count: number): Fold[] {
  const byTime = method === 'TIME';
  const parts = byTime ? timeBlocks(table, count + 1) : hashParts(table, count);
  const folds = Array.from({ length: count }, (_, index): Fold => {
    const tested = byTime ? index + 1 : index;
    const isTrained = (part: number): boolean => (byTime ? part < tested : part !== tested);
    return {
      train: rowsWhere(table.rows, (row) => isTrained(parts[row]!)),
      test: rowsWhere(table.rows, (row) => parts[row] === tested),
    };
  });
  if (folds.every(({ train, test }) => train.length > 0 && test.length > 0)) return folds;
  const differ = byTime ? `${count + 1} different times` : 'enough rows that differ in their features';
  throw new TrainingDataError(
    'TOO_FEW_ROWS',
    `${table.rows} rows are too few for ${count} folds: one of them stays empty without ${differ}. Ask for fewer folds.`,
  );
}

/** Equal shares of each class along the hash. */
function hashParts(table: TrainingTable, count: number): Uint8Array {
  const { target, rows } = table;
  const positions = hashPositions(table);
  const codes = target.task === 'CLASSIFICATION' ? target.codes : new Int32Array(rows);
  const sizes = target.task === 'CLASSIFICATION' ? countClasses(target) : Int32Array.of(rows);
  const seen = new Int32Array(sizes.length);
  const parts = new Uint8Array(rows);
  for (const row of Uint32Array.from(positions.keys()).sort((a, b) => positions[a]! - positions[b]!)) {
    const code = codes[row]!;
    parts[row] = Math.floor((seen[code]!++ * count) / sizes[code]!);
  }
  return joinEqualRows(positions, parts);
}

function timeBlocks(table: TrainingTable, count: number): Uint8Array {
  const times = timesOf(table);
  const sorted = times.toSorted();
  const cuts = Array.from({ length: count - 1 }, (_, i) => sorted[Math.ceil(((i + 1) * table.rows) / count) - 1]!);
  return Uint8Array.from(times, (time) => cuts.filter((cut) => time > cut).length);
}
