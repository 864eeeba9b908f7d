import type { Batch, Evaluator, EvaluatorInput, Scores } from '../schema/evaluator.js';
import type { Frame, Place } from './kernels/kernel.js';
import type { OnnxModel } from './model.js';
import { type Layout, layOut } from './layout.js';
import { readPlan } from './plan.js';
import { translate } from './program.js';
import type { Program } from './program.js';

/** Rows a block at most, and float32 elements a block: 128 kB leave room for the trees in the second-level cache. */
const BLOCK_ROWS = 1024;
const BLOCK_ELEMENTS = 32_768;

/** Objects and closures of an evaluator besides its kernels' arrays. */
const FIXED_BYTES = 4096;

/** One workspace for all evaluators of a thread: evaluation is synchronous, so only one uses it at a time. */
let workspace = new Float32Array(BLOCK_ELEMENTS);

/**
 * Compiles a graph of the ONNX-ML subset to kernels over one flat workspace. Semantics are ONNX Runtime's: float32
 * values, its order of tests, its treatment of NaN. Throws UnsupportedGraphError, naming node and operator, for
 * whatever lies outside; ONNX Runtime may still serve such a graph.
 *
 * `evaluate` takes the columns of the graph's inputs in order, an input of shape [N, k] taking k of them, and returns
 * the scores [rows, width] of the graph's float output. It is synchronous and allocates its result only.
 */
export function compile(model: OnnxModel): CompiledEvaluator {
  return link(translate(model));
}

/** The second half of `compile`: binds kernels to a translated graph, in a time that no size of a forest changes. */
export function link(program: Program): CompiledEvaluator {
  const plan = readPlan(program);
  const layout = layOut(plan);
  const bytes = plan.steps.reduce((total, step) => total + step.operation.bytes, FIXED_BYTES + 64 * layout.stride);
  return new CompiledEvaluator(program, layout, bytes);
}

/** The port's implementation over compiled kernels; its evaluation is synchronous. */
export class CompiledEvaluator implements Evaluator {
  readonly inputs: readonly EvaluatorInput[];
  readonly width: number;
  private readonly columns: readonly EvaluatorInput['type'][];
  private readonly blockRows: number;
  private readonly frame: Frame;

  constructor(
    readonly program: Program,
    private readonly layout: Layout,
    readonly bytes: number,
  ) {
    const { stride, output } = layout;
    this.inputs = program.inputs;
    this.width = output.width;
    this.columns = program.inputs.flatMap((input) =>
      new Array<EvaluatorInput['type']>(input.columns ?? 1).fill(input.type),
    );
    this.blockRows = Math.max(1, Math.min(BLOCK_ROWS, Math.floor(BLOCK_ELEMENTS / stride)));
    this.frame = { values: workspace, stride, batch: NO_BATCH, first: 0, rows: 0 };
  }

  evaluate(batch: Batch): Scores {
    return this.compute(batch, this.layout.output);
  }

  /** Shape of a value of the graph. @throws RangeError if there is none of that name. */
  placeOf(value: string): Place {
    const place = this.layout.places.get(value);
    if (!place) throw new RangeError(`The graph has no value "${value}"`);
    return place;
  }

  /** Any numeric value of the graph, row-major [rows, width], such as what its last operator reads. */
  compute(batch: Batch, place: Place): Scores {
    this.check(batch);
    const { at, width } = place;
    const result = new Float32Array(batch.rows * width);
    const { frame } = this;
    const elements = Math.min(batch.rows, this.blockRows) * frame.stride;
    if (workspace.length < elements) workspace = new Float32Array(elements);
    frame.values = workspace;
    frame.batch = batch;
    for (let first = 0; first < batch.rows; first += this.blockRows) {
      frame.first = first;
      frame.rows = Math.min(this.blockRows, batch.rows - first);
      for (const kernel of this.layout.kernels) kernel(frame);
      this.copy(result, at, width);
    }
    frame.batch = NO_BATCH;
    return { rows: batch.rows, width, values: result };
  }

  /** Nothing is held outside the object itself. */
  dispose(): void {
    this.frame.batch = NO_BATCH;
  }

  private copy(result: Float32Array, at: number, width: number): void {
    const { values, stride, first, rows } = this.frame;
    let to = first * width;
    for (let row = 0, base = at; row < rows; row++, base += stride) {
      for (let k = 0; k < width; k++) result[to++] = values[base + k]!;
    }
  }

  /** Kernels trust what they are given; a caller's mistake must not become a wrong prediction. */
  private check(batch: Batch): void {
    const { columns } = this;
    if (batch.columns.length !== columns.length) {
      throw new RangeError(`The batch has ${batch.columns.length} columns where the graph takes ${columns.length}`);
    }
    for (let i = 0; i < columns.length; i++) {
      const column = batch.columns[i]!;
      if (Array.isArray(column) !== (columns[i] === 'string'))
        throw new TypeError(`Column ${i} must hold ${columns[i]!}s`);
      if (column.length < batch.rows) throw new RangeError(`Column ${i} has ${column.length} of ${batch.rows} rows`);
    }
  }
}

const NO_BATCH: Batch = { rows: 0, columns: [] };
