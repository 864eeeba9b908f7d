import { trainingMemory } from '../training-memory.js';
import { MAX_CHUNKS } from './chunks.js';
import { deriveKernel, type Loss } from './derive-kernel.js';
import { ENTRY, packingFor } from './entry.js';
import { compileBoosting } from './kernels.js';

export interface BoostShape {
  readonly rows: number;
  readonly trainRows: number;
  /** Bins of each column without the one for missing values. */
  readonly bins: readonly number[];
  readonly loss: Loss;
  /** Raw scores a row: 1 for numbers and two classes, else the number of classes. */
  readonly outputs: number;
  readonly weighted: boolean;
  readonly leaves: number;
  readonly threads: number;
}

/** Everything that threads share: can be sent to one as it is. */
export interface SharedState {
  readonly memory: WebAssembly.Memory;
  readonly kernels: WebAssembly.Module;
  readonly shape: BoostShape;
  readonly places: Places;
  /** Entries of a histogram before each column's; last, of the whole. */
  readonly offsets: readonly number[];
  /** Histograms that may be in use at a time. */
  readonly slots: number;
}

/** Byte addresses in the memory. */
type Places = Readonly<Record<keyof typeof SIZES, number>>;

/** Histograms of open leaves may take that much; beyond it, some are counted again instead of being kept. */
const HISTOGRAM_BYTES = 256 * 2 ** 20;
/** Of the control array, see crew.ts. */
const CONTROL_WORDS = 16;

interface Dimensions extends BoostShape {
  readonly histogramBytes: number;
  readonly slots: number;
}

/** Bytes of each part, in the order in which they lie in memory. */
const SIZES = {
  control: () => 4 * CONTROL_WORDS,
  sink: () => 4,
  units: () => 16,
  perUnit: () => 16,
  goesLeft: () => 256,
  lefts: () => 4 * MAX_CHUNKS,
  filledBy: ({ threads }: Dimensions) => 4 * threads,
  leafStarts: ({ leaves }: Dimensions) => 4 * (leaves + 1),
  leafValues: ({ leaves }: Dimensions) => 8 * leaves,
  histograms: ({ histogramBytes, slots, threads }: Dimensions) => histogramBytes * (slots + threads - 1),
  // Derivatives are written in pairs.
  entries: ({ rows }: Dimensions) => ENTRY * (rows + 1),
  codes: ({ rows, bins }: Dimensions) => rows * bins.length,
  columns: ({ rows, bins }: Dimensions) => rows * bins.length,
  train: ({ trainRows }: Dimensions) => 4 * trainRows,
  order: ({ trainRows }: Dimensions) => 4 * trainRows,
  spare: ({ trainRows }: Dimensions) => 4 * trainRows,
  truth: ({ rows }: Dimensions) => 8 * rows,
  weights: ({ rows, weighted }: Dimensions) => (weighted ? 8 * rows : 0),
  scores: ({ rows, outputs }: Dimensions) => 8 * rows * outputs,
  logSums: ({ rows, loss }: Dimensions) => (loss === 'SOFTMAX' ? 8 * rows : 0),
};

/** @throws TrainingDataError TOO_LARGE */
export function allocate(shape: BoostShape): SharedState {
  const offsets = [0];
  shape.bins.forEach((count, column) => offsets.push(offsets[column]! + count + 1));
  const histogramBytes = ENTRY * offsets.at(-1)!;
  const slots = Math.max(2, Math.min(shape.leaves + 1, Math.floor(HISTOGRAM_BYTES / histogramBytes)));
  const places: Record<string, number> = {};
  let end = 0;
  for (const [part, size] of Object.entries(SIZES)) {
    places[part] = end;
    end = Math.ceil((end + size({ ...shape, histogramBytes, slots })) / ENTRY) * ENTRY;
  }
  const kernels = compileFor(shape, places as Places, offsets);
  return { memory: trainingMemory(end + ENTRY), kernels, shape, places: places as Places, offsets, slots };
}

function compileFor({ loss, rows, trainRows, weighted }: BoostShape, places: Places, offsets: readonly number[]) {
  const weights = weighted ? places.weights : undefined;
  const derive = deriveKernel(loss, rows, packingFor(trainRows).countBits, { ...places, weights });
  return compileBoosting({ ...places, offsets }, derive);
}

/** The parts as arrays. */
export function viewsOf({ memory, shape, places, offsets, slots }: SharedState) {
  const { buffer } = memory;
  const { rows, trainRows, bins, outputs, weighted, loss, leaves, threads } = shape;
  const { codes, columns, train, order, spare, truth, weights, scores, logSums, units, control } = places;
  const words = 4 * offsets.at(-1)!;
  return {
    control: new Int32Array(buffer, control, CONTROL_WORDS),
    /** Gradient and hessian: see {@link Units}. */
    units: new Float64Array(buffer, units, 2),
    /** What derivatives are multiplied by to become whole numbers. */
    perUnit: new Float64Array(buffer, places.perUnit, 2),
    goesLeft: new Uint8Array(buffer, places.goesLeft, 256),
    /** Of a partition: rows of each chunk that went left. */
    lefts: new Int32Array(buffer, places.lefts, MAX_CHUNKS),
    /** The last task that each thread's scratch histogram holds sums of. */
    filledBy: new Int32Array(buffer, places.filledBy, threads),
    /** Ascending positions where leaves begin in `order`, then its end. */
    leafStarts: new Int32Array(buffer, places.leafStarts, leaves + 1),
    leafValues: new Float64Array(buffer, places.leafValues, leaves),
    /** Slots, then a scratch histogram for each further thread. */
    histograms: Array.from(
      { length: slots + threads - 1 },
      (_, slot) => new Int32Array(buffer, places.histograms + 4 * words * slot, words),
    ),
    /** Row-major [rows, columns]: a row's bin, or the number of bins if its value is missing. */
    codes: new Uint8Array(buffer, codes, rows * bins.length),
    /** The same, column by column. */
    columns: bins.map((_, column) => new Uint8Array(buffer, columns + rows * column, rows)),
    /** Rows that trees are grown on, ascending. */
    train: new Uint32Array(buffer, train, trainRows),
    /** The same in the order of a tree's nodes. */
    order: new Uint32Array(buffer, order, trainRows),
    spare: new Uint32Array(buffer, spare, trainRows),
    /** Values or class codes. */
    truth: new Float64Array(buffer, truth, rows),
    weights: weighted ? new Float64Array(buffer, weights, rows) : undefined,
    /** By output. */
    scores: Array.from({ length: outputs }, (_, k) => new Float64Array(buffer, scores + 8 * rows * k, rows)),
    /** Softmax: log Σ e^score of each row, when the round began. */
    logSums: new Float64Array(buffer, logSums, loss === 'SOFTMAX' ? rows : 0),
  };
}

export type Views = ReturnType<typeof viewsOf>;
