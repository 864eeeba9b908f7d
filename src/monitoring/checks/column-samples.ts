import { nextTurn } from '../../ml/statistics/next-turn.js';
import type { LoggedRow } from '../../predictions/counts/row-binner.js';
import type { ColumnIdentity } from './watched-columns.js';

/** Raw values of a column; missing ones are NaN or ''. */
export type RawValues = Float64Array | readonly string[];

/** Raw values of both sides. */
export interface ColumnSample {
  readonly reference: RawValues;
  readonly current: RawValues;
}

/** By the name of their column. */
export type ColumnSamples = ReadonlyMap<string, ColumnSample>;

/** The features of logged rows as columns; a column at a turn of the event loop. */
export async function columnsOfRows(
  features: readonly ColumnIdentity[],
  rows: readonly LoggedRow['inputs'][],
): Promise<Map<string, RawValues>> {
  const columns = new Map<string, RawValues>();
  for (const { name, type } of features) {
    columns.set(name, type === 'STRING' ? rows.map((row) => text(row[name])) : Float64Array.from(rows, numberIn(name)));
    await nextTurn();
  }
  return columns;
}

/** Booleans count as 0 and 1, as in training. */
function numberIn(name: string): (row: LoggedRow['inputs']) => number {
  return (row) => {
    const value = row[name];
    return typeof value === 'number' || typeof value === 'boolean' ? Number(value) : NaN;
  };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
