import { editDistance } from './edit-distance.js';
import { type Feature, inputColumns } from './signature.js';

/** One thing wrong with one row of a request. */
export interface RowProblem {
  /** Index within the rows given. */
  readonly row: number;
  /** '' if the row as a whole is wrong. */
  readonly column: string;
  /** For an unknown column, the name of the nearest known one. */
  readonly expected: string;
  readonly received: string;
  /** The three above in a sentence, without the row. */
  readonly message: string;
}

/** Some rows do not keep the model's contract. Holds the first problems in order of rows, and how many there are more. */
export class RowsError extends Error {
  override readonly name = 'RowsError';

  constructor(
    readonly problems: readonly RowProblem[],
    readonly more: number,
  ) {
    const [first] = problems;
    const others = problems.length - 1 + more;
    super(`Row ${first?.row ?? 0}: ${first?.message ?? ''}${others > 0 ? ` (and ${others} more problems)` : ''}`);
  }
}

export function noRow(row: number, value: unknown): RowProblem {
  const expected = 'an object with a value for each column';
  const received = describe(value);
  return { row, column: '', expected, received, message: `the row must be ${expected}, not ${received}` };
}

export function wrongValue(row: number, feature: Feature, value: unknown): RowProblem {
  const column = feature.derived?.column ?? feature.name;
  const expected = `${requirement(feature, value)}${feature.nullable ? ' or null' : ''}`;
  const received = describe(value);
  const message =
    value === undefined
      ? `column "${column}" is missing; it must be ${expected}`
      : `column "${column}" must be ${expected}, not ${received}`;
  return { row, column, expected, received, message };
}

export function unknownColumn(row: number, name: string, features: readonly Feature[]): RowProblem {
  const column = shorten(name);
  const expected = nearestName(column, features);
  return {
    row,
    column,
    expected,
    received: column,
    message: `column "${column}" is not one of the model's; did you mean "${expected}"? Otherwise leave it out`,
  };
}

function requirement({ type, derived }: Feature, value: unknown): string {
  if (derived?.type === 'DATE') return 'a date such as "2026-01-31"';
  if (derived) return 'a time such as "2026-01-31T13:45:00Z"';
  switch (type) {
    case 'NUMBER':
      // Digits only: the value is a number as such, but one that would not arrive as it was written.
      return typeof value === 'number' || (typeof value === 'string' && /^[+-]?\d/.test(value))
        ? 'a number within ±3.4e38, and within ±2^53 if it is an integer'
        : 'a number';
    case 'BOOLEAN':
      return 'true, false, 1 or 0';
    case 'STRING':
      return typeof value === 'string' ? 'a string without NUL characters and unpaired surrogates' : 'a string';
  }
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return JSON.stringify(shorten(value));
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value);
  return 'an object';
}

const MAX_SHOWN = 60;

function shorten(text: string): string {
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`;
}

function nearestName(name: string, features: readonly Feature[]): string {
  let nearest = '';
  let best = Infinity;
  for (const candidate of inputColumns(features)) {
    const distance = editDistance(name.toLowerCase(), candidate.slice(0, MAX_SHOWN).toLowerCase());
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}
