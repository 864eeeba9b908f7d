import type { CompiledEvaluator } from '../onnx/compile.js';
import type { CompiledForest } from '../onnx/kernels/forest.js';
import { fillSlots } from '../onnx/kernels/slots.js';
import type { Batch } from '../schema/evaluator.js';
import { readHead } from './head.js';

/**
 * What a leaf that no row reaches counts: explanations divide by counts, and so little moves no mean. The counts of
 * splits are the sums of their sides', so they still add up.
 */
const UNREACHED = 2 ** -20;
/** Steps down trees, at most: some seconds. Of more rows, evenly spaced ones are counted. */
const MOST_STEPS = 400_000_000;

export interface NodeCovers {
  /** The value that the trees compute. */
  readonly output: string;
  /** Rows by node, in the order of the compiled forest. */
  readonly covers: Float32Array;
}

/**
 * Counts how many rows come through each node of a model's trees, where the graph does not tell of those trained on.
 *
 * @param rows of all batches together.
 * @returns undefined for trees that know, and for linear models, which need no counts.
 * @throws UnexplainableError as `readHead` does.
 */
export async function countNodeRows(
  evaluator: CompiledEvaluator,
  batches: AsyncIterable<Batch>,
  rows: number,
): Promise<NodeCovers | undefined> {
  const head = readHead(evaluator.program);
  if (head.kind !== 'TREES' || head.compiled.covers) return undefined;
  const { forest } = head.compiled;
  const counts = new Float64Array(forest.words.length / 2);
  const steps = forest.depths.reduce((sum, depth) => sum + depth + 1, 0);
  const every = Math.max(1, Math.ceil((rows * steps) / MOST_STEPS));
  const place = evaluator.placeOf(head.input);
  for await (const batch of batches) {
    const { values, width } = evaluator.compute(batch, place);
    for (let row = 0; row < batch.rows; row += every) {
      countRow(head.compiled, values.subarray(row * width, (row + 1) * width), counts);
    }
  }
  return { output: head.output, covers: addUp(forest, counts) };
}

/** Adds 1 to the leaf that a row reaches in each tree. */
function countRow({ forest, slots }: CompiledForest, row: Float32Array, counts: Float64Array): void {
  const { words, thresholds, slotBits, roots } = forest;
  const mask = (1 << slotBits) - 1;
  const values = new Float32Array(slots.kinds.length);
  const frame = { values: row, stride: row.length, batch: NO_BATCH, first: 0, rows: 1 };
  fillSlots(slots, frame, 0, { values, at: 0, stride: 0, lanes: 1 });
  for (const root of roots) {
    let node = root;
    for (let left = leftOf(words, slotBits, node); left !== node; left = leftOf(words, slotBits, node)) {
      node = left + Number(values[words[2 * node + 1]! & mask]! > thresholds[2 * node]!);
    }
    counts[node]!++;
  }
}

/** Children lie behind their parents, so one pass from the end adds up all of them. */
function addUp({ words, slotBits }: CompiledForest['forest'], counts: Float64Array): Float32Array {
  for (let node = counts.length - 1; node >= 0; node--) {
    const left = leftOf(words, slotBits, node);
    counts[node] = left === node ? counts[node]! || UNREACHED : counts[left]! + counts[left + 1]!;
  }
  return Float32Array.from(counts);
}

function leftOf(words: Int32Array, slotBits: number, node: number): number {
  return words[2 * node + 1]! >>> slotBits;
}

const NO_BATCH: Batch = { rows: 0, columns: [] };
