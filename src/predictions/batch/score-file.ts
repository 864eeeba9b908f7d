import { join } from 'node:path';
import { DuckDBDataChunk, type DuckDBAppender, FLOAT, INTEGER } from '@duckdb/node-api';
import { setImmediate } from 'node:timers/promises';
import type { Batch, Scores } from '../../ml/schema/evaluator.js';
import type { Feature, Signature } from '../../ml/schema/signature.js';
import { timePart } from '../../ml/schema/time-parts.js';
import { createEvaluatorInPlace } from '../../models/evaluation/create-evaluator.js';
import { schemaOf } from '../../models/evaluation/read-table.js';
import { DuckDbSession } from '../../platform/duckdb/duckdb-session.js';
import { identifier, literal } from '../../platform/duckdb/sql-text.js';
import { type ScoredColumns, scoredColumns } from './scored-columns.js';

/** Files of a folder: the rows, and the rows with their predictions. */
export const ROWS_FILE = 'rows.parquet';
export const SCORED_FILE = 'scored.parquet';

export interface ScoringOrder {
  /** SQL reaches nothing else. */
  readonly folder: string;
  readonly memoryLimit: string;
  readonly onnx: Uint8Array;
  readonly signature: Signature;
}

export interface ScoringResult {
  readonly rows: number;
  /** Rows without a prediction: a value is missing that the model needs, or its answer is not finite. */
  readonly unscored: number;
}

/** Predictions of a chunk of rows, column by column: class or number first, then probabilities. Null is none. */
type Answers = (number | null)[][];

/**
 * Scores a Parquet file and writes another one with the predictions beside the rows, in their order. Memory does not
 * grow with the number of rows: chunks of 2,048 pass through the model, and answers beyond the limit go to disk.
 *
 * @param report is told how many rows are done, of how many.
 * @throws AppError BAD_INPUT for columns that are missing or of another type.
 */
export async function scoreFile(
  { folder, memoryLimit, onnx, signature }: ScoringOrder,
  report: (done: number, total: number) => void,
): Promise<ScoringResult> {
  const source = `read_parquet(${literal(join(folder, ROWS_FILE))})`;
  const session = await DuckDbSession.open({ folder, memoryLimit });
  try {
    const columns = scoredColumns(signature, await schemaOf(session, source));
    const [count] = await session.rows(`SELECT count(*) AS rows FROM ${source}`);
    const total = Number(count!['rows']);
    await session.execute(tableSql(signature, columns));
    const evaluator = await createEvaluatorInPlace(onnx);
    const appender = await session.appender(TABLE);
    let [rows, unscored] = [0, 0];
    try {
      for await (const chunk of session.chunks(`SELECT ${columns.expressions.join(', ')} FROM ${source}`)) {
        const { batch, refused } = batchOf(signature.features, chunk);
        const answers = answersOf(signature, await evaluator.evaluate(batch), refused);
        append(appender, signature, answers);
        rows += chunk.rowCount;
        unscored += answers[0]!.filter((value) => value === null).length;
        report(rows, total);
        await setImmediate(); // Messages come in between chunks.
      }
    } finally {
      appender.closeSync();
      await evaluator.dispose();
    }
    await session.execute(
      `COPY (SELECT r.*, ${selectionOf(signature, columns)} FROM ${source} r POSITIONAL JOIN ${TABLE} p)
       TO ${literal(join(folder, SCORED_FILE))} (FORMAT parquet, COMPRESSION zstd)`,
    );
    return { rows, unscored };
  } finally {
    session.close();
  }
}

const TABLE = 'answers';

/** A class is kept as its number: text would be the larger part of the table. */
function tableSql({ classes }: Signature, { probabilities }: ScoredColumns): string {
  const columns = [`value ${classes ? 'INTEGER' : 'FLOAT'}`, ...probabilities.map((_, i) => `p${i} FLOAT`)];
  return `CREATE TABLE ${TABLE} (${columns.join(', ')})`;
}

function selectionOf({ classes }: Signature, { prediction, probabilities }: ScoredColumns): string {
  const labels = classes && `[${classes.map(literal).join(', ')}]`;
  const value = labels === undefined ? 'p.value' : `${labels}[p.value + 1]`;
  return [
    `${value} AS ${identifier(prediction)}`,
    ...probabilities.map((name, i) => `p.p${i} AS ${identifier(name)}`),
  ].join(', ');
}

/** The inputs of the model; `refused` marks rows that it does not take. */
function batchOf(features: readonly Feature[], chunk: DuckDBDataChunk): { batch: Batch; refused: Uint8Array } {
  const rows = chunk.rowCount;
  const refused = new Uint8Array(rows);
  const columns = features.map(({ type, nullable, derived }, index) => {
    const vector = chunk.getColumnVector(index);
    const column = type === 'STRING' ? new Array<string>(rows) : new Float32Array(rows);
    for (let row = 0; row < rows; row++) {
      const value = vector.getItem(row) as number | string | null;
      const isMissing = value === null || Number.isNaN(value);
      if (isMissing && !nullable) refused[row] = 1;
      if (Array.isArray(column)) column[row] = (value ?? '') as string;
      else if (isMissing) column[row] = NaN;
      else column[row] = derived ? timePart(value as number, derived.part) : (value as number);
      // Beyond float32 a number would become infinite, which it is not.
      if (column[row] === Infinity || column[row] === -Infinity) refused[row] = 1;
    }
    return column;
  });
  return { batch: { rows, columns }, refused };
}

function answersOf({ classes }: Signature, { rows, width, values }: Scores, refused: Uint8Array): Answers {
  const answers: Answers = Array.from({ length: classes ? width + 1 : 1 }, () =>
    new Array<number | null>(rows).fill(null),
  );
  const [predicted, ...probabilities] = answers;
  for (let row = 0; row < rows; row++) {
    const scores = values.subarray(row * width, (row + 1) * width);
    if (refused[row] === 1 || !scores.every(Number.isFinite)) continue;
    predicted![row] = classes ? largest(scores) : scores[0]!;
    probabilities.forEach((column, k) => (column[row] = scores[k]!));
  }
  return answers;
}

/** Of equal scores, the first. */
function largest(scores: Float32Array): number {
  return scores.reduce((top, score, index) => (score > scores[top]! ? index : top), 0);
}

function append(appender: DuckDBAppender, { classes }: Signature, answers: Answers): void {
  const types = answers.map((_, i) => (classes && i === 0 ? INTEGER : FLOAT));
  const chunk = DuckDBDataChunk.create(types, answers[0]!.length);
  chunk.setColumns(answers);
  appender.appendDataChunk(chunk);
}
