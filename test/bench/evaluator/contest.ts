/** Boucle's evaluator and ONNX Runtime on one model and the same rows. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Batch, EvaluatorInput } from '../../../src/ml/schema/evaluator.ts';
import { compile, decodeModel } from './built.ts';
import type { Case } from './cases.ts';

/** Single rows of a round. */
const SINGLE_ROWS = 500;
const TOLERANCE = 1e-5;

/** Microseconds a row, one entry a round. */
export interface Timings {
  readonly single: number[];
  readonly batch: number[];
}

export interface Contest {
  readonly tested: Case;
  readonly evaluator: ReturnType<typeof compile>;
  readonly session: InferenceSession;
  /** The session's output that holds the scores. */
  readonly output: string;
  /** The largest difference of any score from ONNX Runtime's, and from the peer's own if it is its model. */
  readonly difference: number;
  readonly boucle: Timings;
  readonly onnxRuntime: Timings;
}

/** @throws if the scores differ by more than 1e-5: what computes something else must not be compared. */
export async function openContest(tested: Case): Promise<Contest> {
  const evaluator = compile(decodeModel(tested.onnx));
  const session = await InferenceSession.create(tested.onnx, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const output = session.outputNames.find((name) => name !== 'label')!;
  const scores = evaluator.evaluate(tested.batch);
  const answers = await session.run(feeds(evaluator.inputs, tested.batch), [output]);
  const others = [answers[output]!.data as Float32Array, ...(tested.peer ? [tested.peer.expected] : [])];
  const difference = Math.max(...others.map((expected) => largestDifference(scores.values, expected)));
  if (!(difference <= TOLERANCE)) throw new Error(`${tested.name}: scores differ by ${difference}`);
  const boucle = { single: [], batch: [] };
  return { tested, evaluator, session, output, difference, boucle, onnxRuntime: { single: [], batch: [] } };
}

/** Times each once: the whole batch in one call, then rows that this process has not predicted singly before. */
export async function holdRound(contest: Contest, round: number): Promise<void> {
  const { batch } = contest.tested;
  const singles = Array.from({ length: SINGLE_ROWS }, (_, i) => rowOf(batch, (round * SINGLE_ROWS + i) % batch.rows));
  await time(contest, [batch], 'batch');
  await time(contest, singles, 'single');
}

/** Building tensors is not part of the measurement. */
async function time(contest: Contest, batches: readonly Batch[], kind: keyof Timings): Promise<void> {
  const { evaluator, session, output, boucle, onnxRuntime } = contest;
  const rows = batches.reduce((total, batch) => total + batch.rows, 0);
  const tensors = batches.map((batch) => feeds(evaluator.inputs, batch));
  const began = performance.now();
  for (const batch of batches) evaluator.evaluate(batch);
  const between = performance.now();
  for (const tensor of tensors) await session.run(tensor, [output]);
  const ended = performance.now();
  boucle[kind].push((1_000 * (between - began)) / rows);
  onnxRuntime[kind].push((1_000 * (ended - between)) / rows);
}

function rowOf({ columns }: Batch, row: number): Batch {
  return { rows: 1, columns: columns.map((column) => column.slice(row, row + 1)) };
}

function feeds(inputs: readonly EvaluatorInput[], { rows, columns }: Batch): Record<string, Tensor> {
  let first = 0;
  const entries = inputs.map(({ name, type, columns: width = 1 }) => {
    const own = columns.slice(first, (first += width));
    if (type === 'string') return [name, new Tensor('string', own[0] as string[], [rows, 1])] as const;
    return [name, new Tensor('float32', interleaved(own as Float32Array[], rows), [rows, width])] as const;
  });
  return Object.fromEntries(entries);
}

function interleaved(columns: readonly Float32Array[], rows: number): Float32Array {
  const values = new Float32Array(rows * columns.length);
  columns.forEach((column, i) => {
    for (let row = 0; row < rows; row++) values[row * columns.length + i] = column[row]!;
  });
  return values;
}

/** Relative for scores beyond 1. */
function largestDifference(actual: Float32Array, expected: Float32Array): number {
  if (actual.length !== expected.length) return NaN;
  return actual.reduce((most, value, i) => {
    const difference = Math.abs(value - expected[i]!) / Math.max(1, Math.abs(expected[i]!));
    return Math.max(most, difference);
  }, 0);
}
