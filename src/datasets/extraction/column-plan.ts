import { AppError } from '../../errors/app-error.js';
import { identifier } from '../../platform/duckdb/sql-text.js';
import { cleanText, ColumnType, naturalExpression, naturalType, RawColumn, textExpression } from './column-types.js';
import { RawRelation } from './readers.js';
import { ColumnCast, fold, ReadOptions } from './source-spec.js';

/** How one raw column becomes a typed one. */
export interface PlannedColumn {
  readonly name: string;
  readonly type: ColumnType;
  /** SQL of the column before its conversion: clean text, or the raw value. */
  readonly before: string;
  /** SQL of the typed value; an error for text that does not fit. */
  readonly after: string;
  /** The same with NULL in place of an error. */
  readonly attempt: string;
  /** True if the type was asked for, so text that does not fit is the user's to correct. */
  readonly isCast: boolean;
}

/** @throws AppError BAD_INPUT for a cast of a column that does not exist. */
export function planColumns(
  relation: RawRelation,
  options: ReadOptions,
  inferred: ReadonlyMap<string, ColumnType>,
): PlannedColumn[] {
  const casts = new Map(options.casts.map((cast) => [fold(cast.column), cast]));
  const known = new Set(relation.columns.map(({ name }) => fold(name)));
  for (const cast of options.casts)
    if (!known.has(fold(cast.column))) throw unknownColumn(cast.column, relation.columns);
  return relation.columns.map((column) =>
    planColumn(column, relation, options, casts.get(fold(column.name)), inferred.get(column.name)),
  );
}

export function unknownColumn(name: string, columns: readonly { readonly name: string }[]): AppError {
  const names = columns.slice(0, 50).map((column) => column.name);
  return new AppError(
    'BAD_INPUT',
    `There is no column ${JSON.stringify(name)}. The columns are: ${names.join(', ')}.`,
    {
      column: name,
    },
  );
}

/** The typed columns as a `SELECT` list. */
export function typedColumns(columns: readonly PlannedColumn[]): string {
  return columns.map(({ name, after }) => `${after} AS ${identifier(name)}`).join(', ');
}

function planColumn(
  column: RawColumn,
  relation: RawRelation,
  options: ReadOptions,
  cast: ColumnCast | undefined,
  inferred: ColumnType | undefined,
): PlannedColumn {
  const { name, duckdbType } = column;
  const isText = duckdbType === 'VARCHAR';
  const value = identifier(name);
  if (!isText && !cast) {
    const after = naturalExpression(value, duckdbType);
    return { name, type: naturalType(duckdbType), before: value, after, attempt: after, isCast: false };
  }
  const before = isText
    ? cleanText(name, { trim: options.trim, markers: markersOf(relation, options) })
    : naturalText(value, duckdbType);
  const type = cast?.type ?? column.declared ?? inferred ?? 'STRING';
  const rules = { decimalComma: options.decimalComma, format: cast?.format, wholeNumbers: cast !== undefined };
  const after = textExpression(before, type, rules);
  const attempt = textExpression(before, type, { ...rules, lenient: true });
  return { name, type, before, after, attempt, isCast: cast !== undefined };
}

/** In a CSV file an empty field is missing, also one that is empty only after trimming. */
export function markersOf(relation: RawRelation, options: ReadOptions): string[] {
  const isCsv = relation.format === 'CSV';
  return isCsv && options.trim ? ['', ...options.nullMarkers] : [...options.nullMarkers];
}

function naturalText(value: string, duckdbType: string): string {
  return `CAST(${naturalExpression(value, duckdbType)} AS VARCHAR)`;
}
