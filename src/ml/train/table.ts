import type { Batch } from '../schema/evaluator.js';
import type { Task } from '../schema/signature.js';
import type { DerivedFrom } from '../schema/time-parts.js';
import { TrainingDataError, type TrainingWarning } from './errors.js';

/** NaN is missing; BOOLEAN holds 0 and 1. */
export interface NumericColumn {
  readonly name: string;
  readonly type: 'NUMBER' | 'BOOLEAN';
  readonly values: Float64Array;
  /** A part of a moment: what callers send is the moment. */
  readonly derived?: DerivedFrom;
}

/** Dictionary codes, −1 is missing. The dictionary has no duplicates and no '' (the empty string is missing, too). */
export interface StringColumn {
  readonly name: string;
  readonly type: 'STRING';
  readonly codes: Int32Array;
  readonly dictionary: readonly string[];
}

export type Column = NumericColumn | StringColumn;

export interface RegressionTarget {
  readonly name: string;
  readonly task: 'REGRESSION';
  readonly values: Float64Array;
}

/** Class codes index `classes`. With two classes the second is the positive one. */
export interface ClassTarget {
  readonly name: string;
  readonly task: 'CLASSIFICATION';
  readonly codes: Int32Array;
  readonly classes: readonly string[];
}

export type Target = RegressionTarget | ClassTarget;

/** Rows ready for training: every row has a target, all columns are equally long, numbers are finite or NaN. */
export interface TrainingTable {
  readonly rows: number;
  readonly features: readonly Column[];
  readonly target: Target;
  /** When each row was observed, in milliseconds since 1970; for divisions by time. */
  readonly times?: Float64Array;
  /** How much each row counts; all alike if there are none. */
  readonly weights?: Float64Array;
  readonly warnings: readonly TrainingWarning[];
}

export const MIN_ROWS = 20;
export const MAX_CLASSES = 100;
/** A class rarer than this can be absent from a split; its rows are dropped, as nothing can be learned from them. */
export const MIN_CLASS_ROWS = 8;
/** Largest finite float32: the graph's inputs can't hold more. */
const FLOAT32_MAX = 3.4028234663852886e38;

/** Turns strings into dictionary codes in order of first appearance. */
export class DictionaryEncoder {
  readonly dictionary: string[] = [];
  private readonly codes = new Map<string, number>();

  /** @returns the code of a value; −1 for null, undefined and ''. */
  code(value: string | null | undefined): number {
    if (value === null || value === undefined || value === '') return -1;
    const known = this.codes.get(value);
    if (known !== undefined) return known;
    const code = this.dictionary.push(value) - 1;
    this.codes.set(value, code);
    return code;
  }
}

/** Dictionary-encodes a whole column at once. */
export function stringColumn(name: string, values: readonly (string | null | undefined)[]): StringColumn {
  const encoder = new DictionaryEncoder();
  const codes = Int32Array.from(values, (value) => encoder.code(value));
  return { name, type: 'STRING', codes, dictionary: encoder.dictionary };
}

/**
 * Checks columns and makes a table of them. Rows without a target, or without a time if there are times, are dropped
 * with a warning, as are rows of classes with fewer than MIN_CLASS_ROWS rows; infinite feature values (also those beyond float32) become missing.
 * Class labels are the target's strings in code-unit order, its numbers in ascending order, or 'false' and 'true'.
 *
 * @param times see {@link TrainingTable.times}; NaN is missing.
 * @param weights see {@link TrainingTable.weights}.
 * @throws TrainingDataError with reason WRONG_LENGTH, NAME_TAKEN, TARGET_NOT_NUMERIC, TOO_FEW_ROWS, CONSTANT_TARGET, ONE_CLASS or
 *   TOO_MANY_CLASSES.
 */
export function createTable(
  task: Task,
  target: Column,
  features: readonly Column[],
  times?: Float64Array,
  weights?: Float64Array,
): TrainingTable {
  const rows = lengthOf(target);
  const names = new Set([target.name]);
  for (const feature of features) {
    if (names.has(feature.name)) {
      const message = `"${feature.name}" is the target or stands among the features twice. Remove it from the features.`;
      throw new TrainingDataError('NAME_TAKEN', message);
    }
    names.add(feature.name);
    if (lengthOf(feature) === rows) continue;
    const message = `Feature "${feature.name}" has ${lengthOf(feature)} rows, the target has ${rows}.`;
    throw new TrainingDataError('WRONG_LENGTH', message);
  }
  const warnings: TrainingWarning[] = [];
  const finite = features.map((feature) => withFiniteValues(feature, warnings));
  const targetOfTask = task === 'REGRESSION' ? regressionTarget(target) : classTarget(target);
  const whole = {
    rows,
    features: finite,
    target: targetOfTask,
    warnings,
    ...(times && { times }),
    ...(weights && { weights }),
  };
  const labelled = withoutMissingTargets(withoutMissingTimes(whole, warnings), warnings);
  const table = withoutRareClasses(labelled, warnings);
  if (table.rows < MIN_ROWS) {
    const message = `Only ${table.rows} of ${rows} rows have a usable value of "${target.name}"; at least ${MIN_ROWS} are needed.`;
    throw new TrainingDataError('TOO_FEW_ROWS', message);
  }
  assertTargetVaries(table.target);
  return table;
}

/** @throws TrainingDataError if the target has one value only, too many classes, or a class without rows. */
export function assertTargetVaries(target: Target): void {
  if (target.task === 'REGRESSION') {
    const first = target.values[0];
    if (target.values.some((value) => value !== first)) return;
    const message = `The target "${target.name}" is ${first ?? 'empty'} in every row: there is nothing to learn.`;
    throw new TrainingDataError('CONSTANT_TARGET', message);
  }
  const { name, classes } = target;
  if (classes.length < 2) {
    const message = `The target "${name}" has only the class "${classes[0] ?? ''}"; at least two are needed.`;
    throw new TrainingDataError('ONE_CLASS', message);
  }
  if (classes.length > MAX_CLASSES) {
    const message = `The target "${name}" has ${classes.length} classes, more than ${MAX_CLASSES}. Group them, or use a regression.`;
    throw new TrainingDataError('TOO_MANY_CLASSES', message);
  }
  const empty = countClasses(target).indexOf(0);
  if (empty === -1) return;
  const message = `No training row has the class "${classes[empty]!}" of "${name}". Add rows of it, or remove it.`;
  throw new TrainingDataError('CLASS_WITHOUT_ROWS', message);
}

/** Rows per class, in the order of the classes. */
export function countClasses(target: ClassTarget): Int32Array {
  const counts = new Int32Array(target.classes.length);
  for (const code of target.codes) counts[code]!++;
  return counts;
}

/** The table of the given rows, in their order; the dictionary and the classes stay. */
export function selectRows(table: TrainingTable, rows: Int32Array): TrainingTable {
  return {
    rows: rows.length,
    features: table.features.map((column) =>
      column.type === 'STRING'
        ? { ...column, codes: rows.map((row) => column.codes[row]!) }
        : { ...column, values: Float64Array.from(rows, (row) => column.values[row]!) },
    ),
    target: selectTarget(table.target, rows),
    ...(table.times && { times: Float64Array.from(rows, (row) => table.times![row]!) }),
    ...(table.weights && { weights: Float64Array.from(rows, (row) => table.weights![row]!) }),
    warnings: table.warnings,
  };
}

/** The target of the given rows, in their order; the classes stay. */
export function selectTarget(target: Target, rows: Int32Array): Target {
  return target.task === 'REGRESSION'
    ? { ...target, values: Float64Array.from(rows, (row) => target.values[row]!) }
    : { ...target, codes: rows.map((row) => target.codes[row]!) };
}

/** Rows [from, to) as an evaluator takes them: what the model will see when it serves. */
export function batchOf(table: TrainingTable, from = 0, to = table.rows): Batch {
  const columns = table.features.map((column) =>
    column.type === 'STRING'
      ? Array.from(column.codes.subarray(from, to), (code) => (code < 0 ? '' : column.dictionary[code]!))
      : Float32Array.from(column.values.subarray(from, to)),
  );
  return { rows: to - from, columns };
}

function lengthOf(column: Column): number {
  return column.type === 'STRING' ? column.codes.length : column.values.length;
}

function withFiniteValues(column: Column, warnings: TrainingWarning[]): Column {
  if (column.type === 'STRING') return column;
  const infinite = (value: number): boolean => Math.abs(value) > FLOAT32_MAX;
  const count = column.values.reduce((sum, value) => sum + (infinite(value) ? 1 : 0), 0);
  if (count === 0) return column;
  warnings.push({
    code: 'NON_FINITE_VALUES',
    feature: column.name,
    message: `${count} values of "${column.name}" are infinite or beyond float32; they count as missing.`,
  });
  return { ...column, values: column.values.map((value) => (infinite(value) ? NaN : value)) };
}

function regressionTarget(column: Column): RegressionTarget {
  if (column.type === 'STRING') {
    const message = `The target "${column.name}" holds text; a regression needs numbers. Cast it, or choose a classification.`;
    throw new TrainingDataError('TARGET_NOT_NUMERIC', message);
  }
  return { name: column.name, task: 'REGRESSION', values: column.values };
}

function classTarget(column: Column): ClassTarget {
  const { name } = column;
  if (column.type === 'STRING') {
    const order = column.dictionary.map((_, code) => code);
    order.sort((a, b) => (column.dictionary[a]! < column.dictionary[b]! ? -1 : 1));
    const rank = new Int32Array(order.length);
    order.forEach((code, position) => (rank[code] = position));
    const codes = column.codes.map((code) => (code < 0 ? -1 : rank[code]!));
    return { name, task: 'CLASSIFICATION', codes, classes: order.map((code) => column.dictionary[code]!) };
  }
  const distinct = [...new Set(column.values)].filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  const codeOf = new Map(distinct.map((value, code) => [value, code]));
  const label = (value: number): string => (column.type === 'BOOLEAN' ? String(value === 1) : String(value));
  const codes = Int32Array.from(column.values, (value) => codeOf.get(value) ?? -1);
  return { name, task: 'CLASSIFICATION', codes, classes: distinct.map(label) };
}

function withoutMissingTimes(table: TrainingTable, warnings: TrainingWarning[]): TrainingTable {
  const { times, rows } = table;
  const kept = times && rowsWhere(rows, (row) => Number.isFinite(times[row]!));
  if (!kept || kept.length === rows) return table;
  const message = `${rows - kept.length} of ${rows} rows have no time; they were left out.`;
  warnings.push({ code: 'TIME_MISSING', message });
  return selectRows(table, kept);
}

function withoutMissingTargets(table: TrainingTable, warnings: TrainingWarning[]): TrainingTable {
  const { target, rows } = table;
  const known = (row: number): boolean =>
    target.task === 'REGRESSION' ? Number.isFinite(target.values[row]!) : target.codes[row]! >= 0;
  const kept = rowsWhere(rows, known);
  if (kept.length === rows) return table;
  const message = `${rows - kept.length} of ${rows} rows have no value of "${target.name}"; they were left out.`;
  warnings.push({ code: 'TARGET_MISSING', message });
  return selectRows(table, kept);
}

/** With too many classes nothing is dropped, so that the error can tell their true number. */
function withoutRareClasses(table: TrainingTable, warnings: TrainingWarning[]): TrainingTable {
  const { target, rows } = table;
  if (target.task === 'REGRESSION' || target.classes.length > MAX_CLASSES) return table;
  const counts = countClasses(target);
  const rare = target.classes.filter((_, code) => counts[code]! < MIN_CLASS_ROWS);
  if (rare.length === 0) return table;
  const kept = rowsWhere(rows, (row) => counts[target.codes[row]!]! >= MIN_CLASS_ROWS);
  const message = `Classes with fewer than ${MIN_CLASS_ROWS} rows were left out: ${rare.join(', ')} (${rows - kept.length} rows).`;
  warnings.push({ code: 'RARE_CLASS', message });
  const classes = target.classes.filter((label) => !rare.includes(label));
  const renumbered = target.codes.map((code) => classes.indexOf(target.classes[code]!));
  return selectRows({ ...table, target: { ...target, codes: renumbered, classes } }, kept);
}

/** Row numbers that are accepted, ascending. */
export function rowsWhere(rows: number, accept: (row: number) => boolean): Int32Array {
  const kept = new Int32Array(rows);
  let count = 0;
  for (let row = 0; row < rows; row++) if (accept(row)) kept[count++] = row;
  return kept.slice(0, count);
}
