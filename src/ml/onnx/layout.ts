import type { Kernel, Place } from './kernels/kernel.js';
import type { Plan } from './plan.js';

export interface Layout {
  readonly kernels: readonly Kernel[];
  readonly output: Place;
  /** Of every value. */
  readonly places: ReadonlyMap<string, Place>;
  /** Float32 elements that one row of the workspace takes. */
  readonly stride: number;
}

/**
 * Gives every value its columns in a row of the workspace and binds the kernels to them. Going backwards, an operator
 * that only joins columns hands its own place to its inputs, so that they are computed where they are needed and
 * nothing is copied.
 */
export function layOut(plan: Plan): Layout {
  const columns = new RowColumns(plan);
  for (const step of plan.steps.toReversed()) {
    const at = columns.take(step.output);
    step.operation.parts?.forEach((offset, i) => {
      columns.offer(step.inputs[i]!, at + offset);
    });
  }
  const loads: Load[] = [];
  const places = new Map<string, Place>();
  let batchColumn = 0;
  for (const input of plan.inputs) {
    const shape = plan.shapes.get(input.name)!;
    if (shape.type === 'string') places.set(input.name, { ...shape, at: batchColumn });
    else if (columns.isUsed(input.name)) {
      const place = { ...shape, at: columns.take(input.name) };
      places.set(input.name, place);
      for (let i = 0; i < place.width; i++) loads.push({ column: batchColumn + i, at: place.at + i });
    }
    batchColumn += shape.width;
  }
  const kernels = [loadColumns(loads)];
  for (const { inputs, output, operation } of plan.steps) {
    const place = { ...operation.output, at: columns.take(output) };
    places.set(output, place);
    const scratch = columns.reserve(operation.scratch ?? 0);
    const kernel = operation.kernel(
      inputs.map((name) => places.get(name)!),
      place,
      scratch,
    );
    if (kernel) kernels.push(kernel);
  }
  return { kernels, output: places.get(plan.output)!, places, stride: columns.stride };
}

/** Hands out the columns of a workspace row. */
class RowColumns {
  stride = 0;
  private readonly at = new Map<string, number>();
  private readonly used: ReadonlySet<string>;

  constructor(private readonly plan: Plan) {
    this.used = new Set([plan.output, ...plan.steps.flatMap((step) => step.inputs)]);
  }

  isUsed(name: string): boolean {
    return this.used.has(name);
  }

  /** The value's first column, given out now if it has none yet. */
  take(name: string): number {
    const known = this.at.get(name);
    if (known !== undefined) return known;
    const at = this.reserve(this.plan.shapes.get(name)!.width);
    this.at.set(name, at);
    return at;
  }

  /** Puts the value at a column inside another value, unless it has its place already. */
  offer(name: string, at: number): void {
    if (!this.at.has(name)) this.at.set(name, at);
  }

  reserve(columns: number): number {
    const at = this.stride;
    this.stride += columns;
    return at;
  }
}

/** A column of the batch, and where it goes. */
interface Load {
  readonly column: number;
  readonly at: number;
}

function loadColumns(loads: readonly Load[]): Kernel {
  return ({ values, stride, batch, first, rows }) => {
    for (const { column, at } of loads) {
      const source = batch.columns[column] as Float32Array;
      for (let row = 0, to = at; row < rows; row++, to += stride) values[to] = source[first + row]!;
    }
  };
}
