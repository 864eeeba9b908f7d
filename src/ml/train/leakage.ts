import { Random } from '../statistics/random.js';
import type { TrainingWarning } from './errors.js';
import type { Column, Target, TrainingTable } from './table.js';

/** Rows looked at, evenly spaced. */
const SAMPLE_ROWS = 20_000;
const NUMBER_GROUPS = 64;
/** Known numbers in a group, at least: each is met in both halves. */
const GROUP_ROWS = 20;
/** Any fixed number: the same rows always get the same verdict. */
const SEED = 64;
/** Share of the target's spread, or of the errors of the best constant, that a suspicious feature leaves unexplained. */
const UNEXPLAINED = 0.005;

/**
 * Warns of features that alone predict the target almost perfectly: most often they are only known once the target is,
 * and a model that leans on them fails in use. Each is judged as a lookup table, numbers in at most 64 groups of equal size, made
 * of half of the rows, drawn by lot, and tried on the others; values that never repeat, such as identifiers, explain nothing then.
 */
export function leakageWarnings(table: TrainingTable): TrainingWarning[] {
  const step = Math.max(1, Math.floor(table.rows / SAMPLE_ROWS));
  const rows = Int32Array.from({ length: Math.floor(table.rows / step) }, (_, i) => i * step);
  const random = new Random(SEED);
  const tried = Uint8Array.from(rows, () => random.below(2));
  return table.features.flatMap((column): TrainingWarning[] => {
    const left = unexplained(groupsOf(column, rows), table.target, rows, tried);
    if (!(left <= UNEXPLAINED)) return [];
    const message = `"${column.name}" alone predicts "${table.target.name}" almost perfectly. If it is only known once "${table.target.name}" is, remove it: the model would fail in use.`;
    return [{ code: 'TARGET_LEAKAGE', feature: column.name, message }];
  });
}

/** A group for each row of the sample; missing values are one, too. */
function groupsOf(column: Column, rows: Int32Array): Int32Array {
  if (column.type === 'STRING') return rows.map((row) => column.codes[row]!);
  const values = Float64Array.from(rows, (row) => column.values[row]!);
  const sorted = values.filter((value) => !Number.isNaN(value)).sort();
  const groups = Math.max(1, Math.min(NUMBER_GROUPS, Math.floor(sorted.length / GROUP_ROWS)));
  const edges = Float64Array.from({ length: groups }, (_, i) => {
    return sorted[Math.ceil(((i + 1) * sorted.length) / groups) - 1] ?? NaN;
  });
  return Int32Array.from(values, (value) => (Number.isNaN(value) ? -1 : edges.findIndex((edge) => value <= edge)));
}

/** What a lookup by group leaves of the best constant's loss on rows that are `tried`; it is made of the others. */
function unexplained(groups: Int32Array, target: Target, rows: Int32Array, tried: Uint8Array): number {
  return target.task === 'REGRESSION'
    ? unexplainedSpread(
        groups,
        Float64Array.from(rows, (row) => target.values[row]!),
        tried,
      )
    : unexplainedErrors(
        groups,
        rows.map((row) => target.codes[row]!),
        tried,
      );
}

function unexplainedSpread(groups: Int32Array, values: Float64Array, tried: Uint8Array): number {
  const sums = new Map<number, { sum: number; rows: number }>();
  let [all, made] = [0, 0];
  values.forEach((value, i) => {
    if (tried[i] === 1) return;
    const known = sums.get(groups[i]!) ?? { sum: 0, rows: 0 };
    sums.set(groups[i]!, { sum: known.sum + value, rows: known.rows + 1 });
    all += value;
    made++;
  });
  const mean = all / made;
  let [left, spread] = [0, 0];
  values.forEach((value, i) => {
    if (tried[i] === 0) return;
    const known = sums.get(groups[i]!);
    left += (value - (known ? known.sum / known.rows : mean)) ** 2;
    spread += (value - mean) ** 2;
  });
  return left / spread;
}

function unexplainedErrors(groups: Int32Array, codes: Int32Array, tried: Uint8Array): number {
  const counts = new Map<number, Map<number, number>>();
  const all = new Map<number, number>();
  codes.forEach((code, i) => {
    if (tried[i] === 1) return;
    const own = counts.get(groups[i]!) ?? new Map<number, number>();
    counts.set(groups[i]!, own.set(code, (own.get(code) ?? 0) + 1));
    all.set(code, (all.get(code) ?? 0) + 1);
  });
  const constant = mostFrequent(all);
  const lookup = new Map(Array.from(counts, ([group, own]) => [group, mostFrequent(own)]));
  let [errors, constantErrors] = [0, 0];
  codes.forEach((code, i) => {
    if (tried[i] === 0) return;
    errors += code === (lookup.get(groups[i]!) ?? constant) ? 0 : 1;
    constantErrors += code === constant ? 0 : 1;
  });
  return errors / constantErrors;
}

function mostFrequent(counts: ReadonlyMap<number, number>): number {
  return [...counts].reduce((best, entry) => (entry[1] > best[1] ? entry : best), [-1, 0])[0];
}
