import { identifier, literal } from '../../platform/duckdb/sql-text.js';

export const COLUMN_TYPES = ['NUMBER', 'INTEGER', 'BOOLEAN', 'STRING', 'DATE', 'TIMESTAMP'] as const;
export type ColumnType = (typeof COLUMN_TYPES)[number];

export interface RawColumn {
  readonly name: string;
  /** DuckDB's type; always VARCHAR in a CSV file. */
  readonly duckdbType: string;
  /** The type that the source declares (a database does), so that nothing has to be inferred. */
  readonly declared?: ColumnType;
}

export interface ColumnSchema {
  readonly name: string;
  readonly type: ColumnType;
}

const SQL_TYPES: Record<ColumnType, string> = {
  NUMBER: 'DOUBLE',
  INTEGER: 'BIGINT',
  BOOLEAN: 'BOOLEAN',
  STRING: 'VARCHAR',
  DATE: 'DATE',
  TIMESTAMP: 'TIMESTAMP',
};

const NATURAL_TYPES: readonly (readonly [RegExp, ColumnType])[] = [
  [/^(TINYINT|SMALLINT|INTEGER|BIGINT|UTINYINT|USMALLINT|UINTEGER)$/, 'INTEGER'],
  [/^(FLOAT|DOUBLE|DECIMAL\(.*\)|HUGEINT|UHUGEINT|UBIGINT)$/, 'NUMBER'],
  [/^BOOLEAN$/, 'BOOLEAN'],
  [/^DATE$/, 'DATE'],
  [/^TIMESTAMP/, 'TIMESTAMP'],
];

/** The exposed type of a DuckDB type; whatever has no counterpart becomes text. */
export function naturalType(duckdbType: string): ColumnType {
  return NATURAL_TYPES.find(([pattern]) => pattern.test(duckdbType))?.[1] ?? 'STRING';
}

/** SQL that turns a value of a DuckDB type into its exposed type. NaN is a missing number, nested values become JSON. */
export function naturalExpression(value: string, duckdbType: string): string {
  switch (naturalType(duckdbType)) {
    case 'NUMBER':
      return withoutNaN(`CAST(${value} AS DOUBLE)`);
    case 'TIMESTAMP':
      return duckdbType === 'TIMESTAMP WITH TIME ZONE'
        ? `(${value} AT TIME ZONE 'UTC')`
        : `CAST(${value} AS TIMESTAMP)`;
    case 'STRING':
      return /[([]/.test(duckdbType) ? `CAST(to_json(${value}) AS VARCHAR)` : `CAST(${value} AS VARCHAR)`;
    case 'INTEGER':
    case 'BOOLEAN':
    case 'DATE':
      return `CAST(${value} AS ${SQL_TYPES[naturalType(duckdbType)]})`;
  }
}

export interface TextRules {
  readonly decimalComma: boolean;
  /** strptime pattern of a date or timestamp. */
  readonly format?: string;
  /** True to take `39.0` as the integer 39; type inference leaves such a column a NUMBER. */
  readonly wholeNumbers?: boolean;
  /** True to get NULL for text that does not fit. DuckDB's TRY(…) is no way: it lets errors of shared parts through. */
  readonly lenient?: boolean;
}

/**
 * SQL that turns text into a type and fails on text that would lose information: DuckDB's own casts round `1.5` to the
 * integer 2, drop the time of a date and ignore the offset of a timestamp.
 */
export function textExpression(text: string, type: ColumnType, rules: TextRules): string {
  switch (type) {
    case 'STRING':
      return text;
    case 'BOOLEAN':
      return cast(text, 'BOOLEAN', rules);
    case 'NUMBER':
      return withoutNaN(cast(decimal(text, rules), 'DOUBLE', rules));
    case 'INTEGER':
      return integer(text, rules);
    case 'DATE':
      if (rules.format) return cast(parseTime(text, rules.format, rules), 'DATE', rules);
      return `CASE WHEN length(${text}) <= 10 THEN ${cast(text, 'DATE', rules)} ELSE ${refuse(text, 'DATE', rules)} END`;
    case 'TIMESTAMP':
      return timestamp(text, rules);
  }
}

/** Form of text that type inference asks for, on top of a successful conversion. */
export const INFERRED_FORMS: Record<Exclude<ColumnType, 'STRING'>, string> = {
  BOOLEAN: '(?i)true|false',
  INTEGER: '[+-]?[0-9]+',
  NUMBER: '(?i)[ +-]*([0-9][0-9_]*[.,]?[0-9]*|[.,][0-9]+)(e[+-]?[0-9]+)? *|[+-]?(nan|inf|infinity)',
  DATE: '[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}',
  TIMESTAMP: '[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}[ T][0-9]{1,2}:.*',
};

/** SQL for a column as text: trimmed, and missing where it is one of the markers. */
export function cleanText(
  column: string,
  rules: { readonly trim: boolean; readonly markers: readonly string[] },
): string {
  const text = rules.trim ? `trim(${identifier(column)}, ${TRIMMED})` : identifier(column);
  if (rules.markers.length === 0) return text;
  return `CASE WHEN ${text} IN (${rules.markers.map(literal).join(', ')}) THEN NULL ELSE ${text} END`;
}

const TRIMMED = `' ' || chr(9) || chr(160)`;

function cast(value: string, sqlType: string, { lenient }: TextRules): string {
  return `${lenient ? 'TRY_CAST' : 'CAST'}(${value} AS ${sqlType})`;
}

function parseTime(text: string, format: string, { lenient }: TextRules): string {
  return `${lenient ? 'try_strptime' : 'strptime'}(${text}, ${literal(format)})`;
}

function integer(text: string, rules: TextRules): string {
  const number = decimal(text, rules);
  const value = cast(number, 'BIGINT', rules);
  const whole = rules.wholeNumbers ? `${cast(number, 'DOUBLE', rules)} = ${value}` : `NOT contains(${text}, '.')`;
  return `CASE WHEN ${whole} THEN ${value} ELSE ${refuse(text, 'BIGINT', rules)} END`;
}

/** Values longer than `2020-01-01 00:00:00` may end in an offset from UTC, which only the type with a zone respects. */
function timestamp(text: string, rules: TextRules): string {
  if (rules.format) return cast(parseTime(text, rules.format, rules), 'TIMESTAMP', rules);
  const offset = `length(${text}) > 19 AND regexp_matches(${text}, '[+-][0-9]{2}(:?[0-9]{2})?$')`;
  const zoned = `${cast(text, 'TIMESTAMPTZ', rules)} AT TIME ZONE 'UTC'`;
  return `CASE WHEN ${offset} THEN ${zoned} ELSE ${cast(text, 'TIMESTAMP', rules)} END`;
}

/** With a decimal comma, a point is no part of a number: it could stand for thousands as well. */
function decimal(text: string, rules: TextRules): string {
  return rules.decimalComma ? `translate(${text}, ',.', '.x')` : text;
}

/** A conversion that always fails and names the text. */
function refuse(text: string, sqlType: string, rules: TextRules): string {
  return rules.lenient ? 'NULL' : `CAST('not convertible: ' || ${text} AS ${sqlType})`;
}

function withoutNaN(number: string): string {
  return `nullif(${number}, CAST('nan' AS DOUBLE))`;
}
