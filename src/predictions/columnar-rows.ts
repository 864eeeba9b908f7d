import type { Row } from '../ml/schema/rows.js';
import { nextTurn } from '../ml/statistics/next-turn.js';

/** Cells copied in one turn of the event loop. */
const TURN_CELLS = 50_000;

/** A column of a request that does not come row by row. */
export interface RequestColumn {
  readonly name: string;
  /** The value as JSON would hold it; null or undefined is missing. */
  readonly at: (row: number) => unknown;
}

/** Turns columns into the rows that {@link PredictionsService} takes, in short turns of the event loop. */
export async function rowsFromColumns(columns: readonly RequestColumn[], rows: number): Promise<Row[]> {
  const turnRows = Math.max(1, Math.floor(TURN_CELLS / Math.max(1, columns.length)));
  const made: Row[] = [];
  for (let row = 0; row < rows; row++) {
    if (row > 0 && row % turnRows === 0) await nextTurn();
    // Without a prototype, so that a column may have any name.
    const cells = Object.create(null) as Record<string, unknown>;
    for (const { name, at } of columns) cells[name] = at(row);
    made.push(cells);
  }
  return made;
}

/** Names of columns for an error, the first thirty of them. */
export function listing(names: readonly string[]): string {
  return `${names.slice(0, 30).join(', ')}${names.length > 30 ? ', …' : ''}`;
}
