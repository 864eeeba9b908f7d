import type { Batch } from '../../schema/evaluator.js';
import type { OnnxAttribute, OnnxNode, OnnxTensor } from '../model.js';
import { UnsupportedGraphError } from '../model.js';
import type { CompiledForest } from './forest.js';

/**
 * A block of rows under evaluation. One row of `values` holds every value of the graph for one row of the batch, value
 * by value at fixed columns; `stride` is its length. String columns are read from the batch.
 */
export interface Frame {
  values: Float32Array;
  stride: number;
  batch: Batch;
  /** First row of the block within the batch, and the number of rows in the block. */
  first: number;
  rows: number;
}

/** Computes one value of the graph for all rows of a frame. */
export type Kernel = (frame: Frame) => void;

/** int64 values are held as float32 too; operators that make them check that they fit. */
export type ElementType = 'float' | 'int64' | 'string';

export interface Shape {
  readonly type: ElementType;
  /** Elements a row. */
  readonly width: number;
}

/** Shape plus place: the first column in the frame, or for strings the column of the batch. */
export interface Place extends Shape {
  readonly at: number;
}

export interface Operation {
  readonly output: Shape;
  /** Memory that the kernel keeps, in bytes. */
  readonly bytes: number;
  /** Further columns of the frame that the kernel needs while it runs. */
  readonly scratch?: number;
  /**
   * For operators that only put inputs side by side: the output column where each input begins. Inputs laid out there
   * from the start need no copying.
   */
  readonly parts?: readonly number[];
  readonly kernel: (inputs: readonly Place[], output: Place, scratchAt: number) => Kernel | undefined;
}

/** A node as operators get it: a tree ensemble comes with its compiled forest in place of its trees' attributes. */
export interface ProgramNode extends OnnxNode {
  readonly forest?: CompiledForest;
}

/** Compiles one node whose input shapes are known; throws UnsupportedGraphError if it lies outside the subset. */
export type Operator = (node: NodeReader, inputs: readonly Shape[]) => Operation;

/** Typed access to a node's attributes and constant inputs, with errors that name node and operator. */
export class NodeReader {
  private readonly attributes: ReadonlyMap<string, OnnxAttribute>;

  constructor(
    private readonly node: ProgramNode,
    private readonly constants: ReadonlyMap<string, OnnxTensor>,
  ) {
    this.attributes = new Map(node.attributes.map((attribute) => [attribute.name, attribute]));
  }

  unsupported(reason: string): UnsupportedGraphError {
    const name = this.node.name === '' ? (this.node.outputs[0] ?? '') : this.node.name;
    return new UnsupportedGraphError(`Node "${name}" (${this.node.operator}): ${reason}`);
  }

  has(name: string): boolean {
    return this.attributes.has(name);
  }

  int(name: string, fallback: number): number {
    return this.read(name, 'INT')?.value ?? fallback;
  }

  float(name: string, fallback: number): number {
    return this.read(name, 'FLOAT')?.value ?? fallback;
  }

  text(name: string, fallback: string): string {
    return this.read(name, 'STRING')?.value ?? fallback;
  }

  ints(name: string): ArrayLike<number> {
    return this.read(name, 'INTS')?.value ?? [];
  }

  floats(name: string): Float32Array {
    return Float32Array.from(this.read(name, 'FLOATS')?.value ?? []);
  }

  strings(name: string): readonly string[] {
    return this.read(name, 'STRINGS')?.value ?? [];
  }

  /** The constant behind an input, such as the shape given to Reshape. */
  constant(input: number): OnnxTensor {
    const tensor = this.optionalConstant(input);
    if (!tensor) throw this.unsupported(`input ${input} is not a constant`);
    return tensor;
  }

  /** As `constant`, but undefined for an input that is computed. */
  optionalConstant(input: number): OnnxTensor | undefined {
    return this.constants.get(this.node.inputs[input] ?? '');
  }

  /** The compiled trees of a tree ensemble; the translation gives them to each. */
  forest(): CompiledForest {
    return this.node.forest!;
  }

  /** Refuses attributes that would change the result and that no kernel knows. */
  refuse(...names: readonly string[]): void {
    for (const name of names) if (this.has(name)) throw this.unsupported(`attribute ${name} is not supported`);
  }

  private read<T extends OnnxAttribute['type']>(
    name: string,
    type: T,
  ): Extract<OnnxAttribute, { type: T }> | undefined {
    const attribute = this.attributes.get(name);
    if (!attribute) return undefined;
    if (attribute.type !== type) throw this.unsupported(`attribute ${name} has type ${attribute.type}, not ${type}`);
    return attribute as Extract<OnnxAttribute, { type: T }>;
  }
}

/** The only input, which must hold numbers. */
export function numericInput(node: NodeReader, inputs: readonly Shape[]): Shape {
  const [input] = inputs;
  if (!input) throw node.unsupported('it has no input');
  if (input.type === 'string') throw node.unsupported('it gets strings where numbers are needed');
  return input;
}

/** Integers up to 2^24 are exact in float32. */
export function fitsFloat32(values: ArrayLike<number>): boolean {
  for (let i = 0; i < values.length; i++) if (Math.abs(values[i]!) > 0x1000000) return false;
  return true;
}
