import { AppError } from '../errors/app-error.js';
import type { Evaluator, Scores } from '../ml/schema/evaluator.js';
import { type EncodedRows, encodeRows, RowsError } from '../ml/schema/rows.js';
import type { Signature } from '../ml/schema/signature.js';
import type { BinnedRows, CountedPrediction } from './counts/batch-counts.js';
import type { LoadedModel } from './evaluator-cache.js';
import { turns } from '../platform/turns.js';
import { newPredictionId } from './prediction-id.js';
import { outputOf, type WrittenOutput } from './prediction-output.js';
import type { PredictionOutput } from './prediction.entity.js';

/** Cells validated, evaluated and serialised in one go; between two blocks the event loop gets its turn. */
const BLOCK_CELLS = 4_096;
/** And no more rows, however few cells they have: ids, answers and texts cost by the row. */
const BLOCK_ROWS = 250;
/** Requests of no more than so many cells don't wait for a turn: a good many of them fit into one. */
const FEW_CELLS = 512;

/** A row with its answer, and both as JSON for the log. Ids are made here because thousands at once take time. */
export interface ScoredRow extends CountedPrediction {
  readonly output: PredictionOutput;
  readonly inputsJson: string;
  readonly outputJson: string;
}

export interface ScoredRows {
  readonly rows: readonly ScoredRow[];
  /** Computing time, without the pauses. */
  readonly milliseconds: { readonly validate: number; readonly evaluate: number };
}

export interface ScoreOptions {
  /** Of the rows in their request, if these are not all of it, so that errors name the right ones. */
  readonly numbers?: readonly number[];
  /** Called before every block; ends the work by throwing. */
  readonly check?: () => void;
}

/**
 * Validates and evaluates rows, block by block.
 * @throws AppError BAD_INPUT whose details name row, column, expected and received.
 */
export async function scoreRows(
  signature: Signature,
  { evaluator, counter }: LoadedModel,
  rows: readonly unknown[],
  { numbers, check }: ScoreOptions = {},
): Promise<ScoredRows> {
  const numberOf = (row: number): number => numbers?.[row] ?? row;
  const blockRows = blockRowsOf(signature);
  const isSmall = rows.length * signature.features.length <= FEW_CELLS;
  const scored: ScoredRow[] = [];
  const milliseconds = { validate: 0, evaluate: 0 };
  for (let start = 0; start < rows.length; start += blockRows) {
    if (!isSmall) await turns.next();
    check?.();
    const began = performance.now();
    const { batch, inputs } = encode(signature, rows.slice(start, start + blockRows), (row) => numberOf(start + row));
    const encoded = performance.now();
    const outputs = outputsOf(signature, await evaluator.evaluate(batch), (row) => numberOf(start + row));
    const positions = counter.binner.bin(
      batch.columns,
      outputs.map(({ output }) => output),
    );
    const binned: BinnedRows = { counter, positions };
    outputs.forEach(({ output, json }, row) => {
      scored.push({
        id: newPredictionId(),
        output,
        inputsJson: JSON.stringify(inputs[row]),
        outputJson: json,
        binned,
        binnedRow: row,
      });
    });
    milliseconds.validate += encoded - began;
    milliseconds.evaluate += performance.now() - encoded;
  }
  return { rows: scored, milliseconds };
}

/** As {@link scoreRows}, where nothing is logged. */
export async function outputsOfRows(
  signature: Signature,
  evaluator: Evaluator,
  rows: readonly unknown[],
): Promise<PredictionOutput[]> {
  const blockRows = blockRowsOf(signature);
  const outputs: PredictionOutput[] = [];
  for (let start = 0; start < rows.length; start += blockRows) {
    if (start > 0) await turns.next();
    const numberOf = (row: number): number => start + row;
    const { batch } = encode(signature, rows.slice(start, start + blockRows), numberOf);
    for (const { output } of outputsOf(signature, await evaluator.evaluate(batch), numberOf)) outputs.push(output);
  }
  return outputs;
}

function blockRowsOf({ features }: Signature): number {
  return Math.max(1, Math.min(BLOCK_ROWS, Math.floor(BLOCK_CELLS / features.length)));
}

/** The number in the request of a row of a block. */
type NumberOf = (row: number) => number;

function outputsOf(signature: Signature, scores: Scores, numberOf: NumberOf): WrittenOutput[] {
  const outputs: WrittenOutput[] = [];
  for (let row = 0; row < scores.rows; row++) {
    const output = outputOf(signature, scores, row);
    if (!output) throw extreme(numberOf(row));
    outputs.push(output);
  }
  return outputs;
}

function encode(signature: Signature, rows: readonly unknown[], numberOf: NumberOf): EncodedRows {
  try {
    return encodeRows(signature, rows);
  } catch (error) {
    if (error instanceof RowsError) throw wrongRows(error, numberOf);
    throw error;
  }
}

function wrongRows(error: RowsError, numberOf: NumberOf): AppError {
  const problems = error.problems.map((problem) => ({ ...problem, row: numberOf(problem.row) }));
  const [first] = problems;
  const others = problems.length - 1 + error.more;
  const more = others > 0 ? ` There are ${others} more problems; details lists the first.` : '';
  return new AppError('BAD_INPUT', `Row ${first!.row}: ${first!.message}.${more}`, { problems });
}

function extreme(row: number): AppError {
  return new AppError(
    'BAD_INPUT',
    `Row ${row} has numbers so extreme that the model gives no finite answer. Check their units.`,
    { row },
  );
}
