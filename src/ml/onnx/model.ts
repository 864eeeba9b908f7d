/**
 * The parts of an ONNX model (onnx.proto, IR 8) that Boucle writes, reads and compiles. Names follow the specification;
 * documentation strings, metadata and quantization annotations are not kept.
 */
export interface OnnxModel {
  readonly irVersion: number;
  readonly producer: string;
  readonly opsets: readonly OperatorSet[];
  readonly graph: OnnxGraph;
  /** Model-local functions, verbatim. The compiler refuses a model that has some. */
  readonly functions: readonly Uint8Array[];
}

export interface OperatorSet {
  /** '' is ai.onnx, the default domain. */
  readonly domain: string;
  readonly version: number;
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  /** Sparse initializers, verbatim. The compiler refuses a graph that has some. */
  readonly sparseInitializers: readonly Uint8Array[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}

export interface OnnxNode {
  readonly name: string;
  readonly operator: string;
  readonly domain: string;
  /** '' stands for an optional input or output that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: readonly OnnxAttribute[];
}

/** OPAQUE holds what no kernel reads (subgraphs, sparse tensors, integers beyond 2^53), as the verbatim message. */
export type OnnxAttribute =
  | Attribute<'FLOAT', number>
  | Attribute<'INT', number>
  | Attribute<'STRING', string>
  | Attribute<'FLOATS', ArrayLike<number>>
  | Attribute<'INTS', ArrayLike<number>>
  | Attribute<'STRINGS', readonly string[]>
  | Attribute<'TENSOR', OnnxTensor>
  | Attribute<'OPAQUE', Uint8Array>;

interface Attribute<T extends string, V> {
  readonly name: string;
  readonly type: T;
  readonly value: V;
}

/** A tensor's head, and all of it as the verbatim TensorProto message. */
export interface OnnxTensor {
  readonly name: string;
  readonly elementType: number;
  readonly dims: readonly number[];
  readonly proto: Uint8Array;
}

export interface ValueInfo {
  readonly name: string;
  readonly type: ValueType;
}

/** A dimension is a number, a symbol such as "N", or '' if unknown; a missing shape means unknown rank. */
export type ValueType =
  | { readonly kind: 'tensor'; readonly elementType: number; readonly shape?: readonly (number | string)[] }
  | { readonly kind: 'other'; readonly bytes: Uint8Array };

/** TensorProto.DataType, as far as it is named in this code base. */
export const ELEMENT = { FLOAT: 1, INT32: 6, INT64: 7, STRING: 8, BOOL: 9, FLOAT16: 10, DOUBLE: 11 } as const;

export const ML_DOMAIN = 'ai.onnx.ml';

/** The bytes are no ONNX model that can be served: truncated, corrupt, or reaching outside the file. */
export class OnnxFormatError extends Error {
  override readonly name = 'OnnxFormatError';
}

/** The graph is legal ONNX but outside the compiled subset; ONNX Runtime may still serve it. */
export class UnsupportedGraphError extends Error {
  override readonly name = 'UnsupportedGraphError';
}

/** A sound graph that cannot serve the model it is meant for: its inputs, outputs or scores don't fit. */
export class UnfitGraphError extends Error {
  override readonly name = 'UnfitGraphError';
}
