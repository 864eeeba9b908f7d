import { sumForRow } from '../onnx/kernels/forest.js';
import { fillSlots } from '../onnx/kernels/slots.js';
import type { Batch } from '../schema/evaluator.js';
import type { Head } from './head.js';
import type { Beat, Matrix, RowSums, SumsOf } from './row-sums.js';
import { type CoveredForest, TreeWalk, walkBytes } from './tree-walk.js';
import { UnexplainableError } from './unexplainable.js';
import { borrowMemory, giveBack } from './walk-memory.js';

/** Steps of a walk between two beats: about a millisecond. */
const STEPS = 500_000;
/** Rows that go down a tree together: no more than the processor's second cache holds, if possible. */
const MOST_ROWS = 64;
const BLOCK_BYTES = 2 ** 18;
/** What the walk of a single row may take. */
const MOST_BYTES = 64 * 2 ** 20;

const NO_BATCH: Batch = { rows: 0, columns: [] };

/** Sums of a forest, block by block. */
export function treeSums(head: Head & { kind: 'TREES' }, origins: Int32Array, inputs: number): SumsOf {
  const { compiled, base, scores } = head;
  const { forest, slots, covers } = compiled;
  if (!covers) {
    throw new UnexplainableError('its trees do not tell how many training rows came through each node');
  }
  // Of two classes, one is enough.
  const wanted = [...new Set(scores.flatMap(({ terms }) => terms.map(({ output }) => output)))];
  const one = walkBytes(compiled, wanted.length, 1);
  if (one > MOST_BYTES) {
    const deepest = forest.depths.reduce((most, depth) => Math.max(most, depth), 0);
    throw new UnexplainableError(`its deepest tree has ${deepest} levels, too many for an explanation`);
  }
  const row = walkBytes(compiled, wanted.length, 2) - one;
  const covered: CoveredForest = { ...compiled, covers };

  async function explainBlock(
    { values, width }: Matrix,
    first: number,
    rows: number,
    memory: WebAssembly.Memory,
    beat: Beat,
  ): Promise<RowSums[]> {
    const frame = { values, stride: width, batch: NO_BATCH, first: 0, rows };
    const walk = new TreeWalk(covered, width, wanted, rows, memory);
    fillSlots(slots, frame, first * width, walk.slots);
    const sums = Array.from({ length: rows }, () => ({
      output: withBase(base, forest.width),
      base: withBase(base, forest.width),
      contributions: new Float64Array(forest.width * inputs),
    }));
    for (let tree = 0; tree < forest.roots.length; tree++) {
      walk.enter(tree);
      while (!walk.run(STEPS)) await beat();
      walk.settle(origins, sums);
      await beat();
    }
    const own = { values: new Float32Array(slots.kinds.length * rows), at: 0, stride: slots.kinds.length, lanes: 1 };
    fillSlots(slots, frame, first * width, own);
    sums.forEach(({ output, base: means }, row) => {
      sumForRow(forest, own.values, row * slots.kinds.length, output, 0);
      for (const k of wanted) means[k]! += walk.base[k]!;
    });
    return sums;
  }

  return async function* (matrix, beat) {
    const together = Math.min(matrix.rows, MOST_ROWS, Math.max(1, Math.floor(BLOCK_BYTES / row)));
    const memory = borrowMemory(walkBytes(compiled, wanted.length, together));
    try {
      for (let first = 0; first < matrix.rows; first += together) {
        yield* await explainBlock(matrix, first, Math.min(together, matrix.rows - first), memory, beat);
      }
    } finally {
      giveBack(memory);
    }
  };
}

function withBase(base: Float32Array, width: number): Float64Array {
  return Float64Array.from({ length: width }, (_, k) => base[k] ?? 0);
}
