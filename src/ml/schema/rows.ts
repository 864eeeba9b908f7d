import { coerce } from './coercion.js';
import type { Batch } from './evaluator.js';
import { PlainRows } from './plain-rows.js';
import { noRow, RowsError, unknownColumn, wrongValue } from './rows-problem.js';
import type { RowProblem } from './rows-problem.js';
import { type Feature, inputColumns, type Signature } from './signature.js';
import { parseMoment, timePart } from './time-parts.js';

export { RowsError } from './rows-problem.js';
export type { RowProblem } from './rows-problem.js';

export type Row = Readonly<Record<string, unknown>>;

export interface EncodedRows {
  /** Columns in the order of the signature's features. */
  readonly batch: Batch;
  /** The rows as understood: every column present, values coerced, null for missing ones; parts of moments beside them. */
  readonly inputs: readonly Row[];
}

/** Problems listed at most; the others are only counted. */
const MAX_PROBLEMS = 20;

/**
 * Checks rows (parsed JSON) against the signature and turns them into the columns that evaluators take. Coercion is
 * lossless only: "12.5" is a number, 1, 0, "true" and "false" are booleans, numbers and booleans are strings where
 * strings are needed. Moments are ISO 8601 and expanded to the parts that the model has learned from. A missing key or null stands for a missing value and needs a nullable column: NaN for numbers
 * and booleans, '' for strings.
 *
 * @throws RowsError with the first 20 problems: rows that are no objects, wrong or missing values, unknown columns.
 */
export function encodeRows(signature: Signature, rows: readonly unknown[]): EncodedRows {
  const encoder = new RowEncoder(signature.features, rows.length);
  const inputs = rows.map((row, i) => encoder.encode(row, i));
  encoder.assertNoProblems();
  return { batch: { rows: rows.length, columns: encoder.columns }, inputs };
}

/** What callers send. */
interface InputLayout {
  readonly names: ReadonlySet<string>;
  /** By name, the position of a feature, or of all the parts of a moment. */
  readonly inputs: readonly (readonly number[])[];
  /** Undefined with moments, whose rows always get their parts. */
  readonly plain: PlainRows | undefined;
}

/** Signatures live as long as their models, and most requests have a single row: it must not cost a new layout. */
const layouts = new WeakMap<readonly Feature[], InputLayout>();

function layoutOf(features: readonly Feature[]): InputLayout {
  const known = layouts.get(features);
  if (known) return known;
  const names = new Set(inputColumns(features));
  const inputs = [...names].map((name) => {
    return [...features.keys()].filter((i) => (features[i]!.derived?.column ?? features[i]!.name) === name);
  });
  const plain = features.some(({ derived }) => derived) ? undefined : new PlainRows(features);
  const layout = { names, inputs, plain };
  layouts.set(features, layout);
  return layout;
}

class RowEncoder {
  readonly columns: (Float32Array | string[])[];
  private readonly problems: RowProblem[] = [];
  private problemCount = 0;
  private readonly layout: InputLayout;

  constructor(
    private readonly features: readonly Feature[],
    rows: number,
  ) {
    this.columns = features.map(({ type }) => (type === 'STRING' ? new Array<string>(rows) : new Float32Array(rows)));
    this.layout = layoutOf(features);
  }

  /** Writes the row into the columns and returns it coerced; the very same object if nothing had to change. */
  encode(row: unknown, index: number): Row {
    if (!isRow(row)) {
      this.report(() => noRow(index, row));
      return {};
    }
    const { features } = this;
    const { inputs, plain } = this.layout;
    if (plain?.write(row, index, this.columns)) return row;
    let known = 0;
    let coerced: Record<string, unknown> | undefined;
    for (let i = 0; i < inputs.length; i++) {
      const first = inputs[i]![0]!;
      const { name, derived } = features[first]!;
      const column = derived?.column ?? name;
      const value = ownValue(row, column);
      if (value !== undefined) known++;
      const clean = derived
        ? this.encodeMoment(inputs[i]!, index, value, (coerced ??= copyOf(row)))
        : this.encodeValue(first, index, value);
      if (clean !== value) (coerced ??= copyOf(row))[column] = clean;
    }
    if (countKeys(row) > known) this.reportUnknown(row, index);
    return coerced ?? row;
  }

  assertNoProblems(): void {
    if (this.problemCount > 0) throw new RowsError(this.problems, this.problemCount - this.problems.length);
  }

  private encodeValue(column: number, row: number, value: unknown): unknown {
    const feature = this.features[column]!;
    const target = this.columns[column]!;
    const missing = value === undefined || value === null;
    const clean = missing ? null : coerce[feature.type](value);
    if (clean === undefined || (missing && !feature.nullable)) {
      this.report(() => wrongValue(row, feature, value));
      return value;
    }
    if (Array.isArray(target)) target[row] = clean === null ? '' : (clean as string);
    else target[row] = clean === null ? NaN : Number(clean);
    return clean;
  }

  /** Writes the parts of a moment into their columns and, by name, into the row. */
  private encodeMoment(
    parts: readonly number[],
    row: number,
    value: unknown,
    coerced: Record<string, unknown>,
  ): unknown {
    const feature = this.features[parts[0]!]!;
    const missing = value === undefined || value === null;
    const moment = missing ? NaN : parseMoment(value, feature.derived!.type);
    if (moment === undefined || (missing && !feature.nullable)) {
      this.report(() => wrongValue(row, feature, value));
      return value;
    }
    for (const at of parts) {
      const { name, derived } = this.features[at]!;
      const part = timePart(moment, derived!.part);
      (this.columns[at] as Float32Array)[row] = part;
      coerced[name] = missing ? null : part;
    }
    return missing ? null : value;
  }

  private reportUnknown(row: Row, index: number): void {
    for (const name of Object.keys(row)) {
      if (!this.layout.names.has(name)) this.report(() => unknownColumn(index, name, this.features));
    }
  }

  private report(problem: () => RowProblem): void {
    this.problemCount++;
    if (this.problems.length < MAX_PROBLEMS) this.problems.push(problem());
  }
}

function isRow(row: unknown): row is Row {
  return typeof row === 'object' && row !== null && !Array.isArray(row);
}

/** A column may be called "constructor" or "__proto__": what a row inherits is no value of it. */
function ownValue(row: Row, name: string): unknown {
  const value = row[name];
  if (value !== undefined && name in Object.prototype && !Object.hasOwn(row, name)) return undefined;
  return value;
}

/** Without a prototype, so that any name can be assigned. */
function copyOf(row: Row): Record<string, unknown> {
  return Object.assign(Object.create(null) as Record<string, unknown>, row);
}

function countKeys(row: Row): number {
  let keys = 0;
  for (const _ in row) keys++;
  return keys;
}
