import { TrainingDataError } from './errors.js';
import { hashPositions } from './row-hash.js';
import { type ClassTarget, rowsWhere, type TrainingTable } from './table.js';

/** Row numbers of each part, ascending. */
export interface Split {
  readonly train: Int32Array;
  readonly validation: Int32Array;
  readonly holdout: Int32Array;
}

/** Rows up to `train` are trained on, from there up to `validation` they validate, later ones are held out. */
export interface Cuts {
  readonly train: number;
  readonly validation: number;
}

/**
 * How rows are divided, 70/15/15. RANDOM: by the hash of their features ({@link hashPositions}). STRATIFIED: likewise,
 * with cuts of each class's own, at the quantiles of its rows. TIME: by the table's times, the latest rows held out.
 */
export type SplitMethod = 'RANDOM' | 'STRATIFIED' | 'TIME';

/** A division that was decided. It tells of any other row, too, on which side it stands. */
export type SplitRule =
  | { readonly method: 'RANDOM' }
  | { readonly method: 'STRATIFIED'; readonly cuts: Readonly<Record<string, Cuts>> }
  | { readonly method: 'TIME'; readonly cuts: Cuts };

const SHARES: Cuts = { train: 0.7, validation: 0.85 };
const PARTS = ['train', 'validation', 'holdout'] as const;
const HOLDOUT = 2;

/**
 * Decides where a table is cut.
 * @throws TrainingDataError WRONG_TASK for strata without classes, NO_TIME for a division by time without times.
 */
export function decideSplit(table: TrainingTable, method: SplitMethod): SplitRule {
  switch (method) {
    case 'RANDOM':
      return { method };
    case 'STRATIFIED':
      return { method, cuts: classCuts(table, classesOf(table)) };
    case 'TIME':
      return { method, cuts: timeCuts(timesOf(table).toSorted()) };
  }
}

/**
 * Divides rows by a rule. By hash, a row stays in its part in every later snapshot whatever the seed, and rows that look
 * equal to a model stand in the same part: a model can't have been trained on a holdout row. The target takes no part in
 * the hash. If it did, rows with equal features would be sorted by their label, and the holdout would hold other answers
 * to the very questions that were trained on.
 *
 * @throws TrainingDataError TOO_FEW_ROWS if a part stays empty (few rows, or nearly all of them equal).
 */
export function splitRows(table: TrainingTable, rule: SplitRule = { method: 'RANDOM' }): Split {
  const partOf = partsOf(table, rule);
  const [train, validation, holdout] = PARTS.map((name, part) => {
    const rows = rowsIn(partOf, part);
    if (rows.length === 0) throw new TrainingDataError('TOO_FEW_ROWS', emptyPart(table, rule, name));
    return rows;
  }) as [Int32Array, Int32Array, Int32Array];
  return { train, validation, holdout };
}

/**
 * Rows that every one of the rules holds out: that none of the models was trained or validated on. With times these are
 * the rows newer than all that any of them has seen.
 * @throws TrainingDataError TOO_FEW_ROWS if there are none.
 */
export function heldOutRows(table: TrainingTable, rules: readonly SplitRule[]): Int32Array {
  const sides = rules.map((rule) => partsOf(table, rule));
  const common = Uint8Array.from({ length: table.rows }, (_, row) => {
    return sides.every((partOf) => partOf[row] === HOLDOUT) ? HOLDOUT : 0;
  });
  const rows = rowsIn(common, HOLDOUT);
  if (rows.length > 0) return rows;
  const message = 'No row was held out from all of the compared models. Extract newer data, and train on it.';
  throw new TrainingDataError('TOO_FEW_ROWS', message);
}

/** The part of each row, as an index of PARTS. */
function partsOf(table: TrainingTable, rule: SplitRule): Uint8Array {
  if (rule.method === 'TIME') return place(timesOf(table), () => rule.cuts);
  const positions = hashPositions(table);
  if (rule.method === 'RANDOM') return place(positions, () => SHARES);
  const { codes, classes } = classesOf(table);
  const cuts = classes.map((label) => (Object.hasOwn(rule.cuts, label) ? rule.cuts[label]! : SHARES));
  return joinEqualRows(
    positions,
    place(positions, (row) => cuts[codes[row]!]!),
  );
}

function place(positions: Float64Array, cutsOf: (row: number) => Cuts): Uint8Array {
  return Uint8Array.from(positions, (position, row) => {
    const { train, validation } = cutsOf(row);
    return position <= train ? 0 : position <= validation ? 1 : HOLDOUT;
  });
}

/** Rows with equal features but of different classes meet different cuts: all go to the earliest part of any of them. */
export function joinEqualRows(positions: Float64Array, parts: Uint8Array): Uint8Array {
  const order = Uint32Array.from(positions.keys()).sort((a, b) => positions[a]! - positions[b]!);
  for (let start = 0, end: number; start < order.length; start = end) {
    let earliest = parts[order[start]!]!;
    for (end = start; end < order.length && positions[order[end]!] === positions[order[start]!]; end++) {
      earliest = Math.min(earliest, parts[order[end]!]!);
    }
    for (let i = start; i < end; i++) parts[order[i]!] = earliest;
  }
  return parts;
}

function classCuts(table: TrainingTable, { codes, classes }: ClassTarget): Record<string, Cuts> {
  const positions = hashPositions(table);
  const cuts = classes.map((label, k): [string, Cuts] => {
    const own = positions.filter((_, row) => codes[row] === k).sort();
    return [label, { train: cutAt(own, SHARES.train), validation: cutAt(own, SHARES.validation) }];
  });
  return Object.fromEntries(cuts);
}

function cutAt(sorted: Float64Array, share: number): number {
  return sorted[Math.max(Math.round(share * sorted.length) - 1, 0)] ?? share;
}

/** Rows of one moment stay together, so a cut moves back to the moment before if there would be nothing after it. */
function timeCuts(sorted: Float64Array): Cuts {
  const validation = lastBelow(sorted, cutAt(sorted, SHARES.validation), sorted.at(-1)!);
  return { train: lastBelow(sorted, cutAt(sorted, SHARES.train), validation), validation };
}

/** The largest value up to `wanted` that lies below `limit`; −∞ if there is none. */
function lastBelow(sorted: Float64Array, wanted: number, limit: number): number {
  return sorted.findLast((value) => value <= wanted && value < limit) ?? -Infinity;
}

function rowsIn(partOf: Uint8Array, part: number): Int32Array {
  return rowsWhere(partOf.length, (row) => partOf[row] === part);
}

function classesOf({ target }: TrainingTable): ClassTarget {
  if (target.task === 'CLASSIFICATION') return target;
  throw new TrainingDataError('WRONG_TASK', `"${target.name}" holds numbers, which have no classes to divide evenly.`);
}

export function timesOf({ times }: TrainingTable): Float64Array {
  if (times) return times;
  throw new TrainingDataError('NO_TIME', 'Rows can only be divided by time if the table holds the time of each.');
}

function emptyPart({ rows }: TrainingTable, { method }: SplitRule, part: string): string {
  if (method === 'TIME') {
    return `Of ${rows} rows none fell into the ${part} part: a division by time needs at least three different times. Check the time column, or wait for newer rows.`;
  }
  return `Of ${rows} rows none fell into the ${part} part, since their features are empty or hardly differ. Check the features, or add rows that differ in them.`;
}
