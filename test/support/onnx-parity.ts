import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { type CompiledEvaluator, compile } from '../../src/ml/onnx/compile.js';
import { decodeModel } from '../../src/ml/onnx/decode.js';
import { encodeModel } from '../../src/ml/onnx/encode.js';
import { TENSOR } from '../../src/ml/onnx/fields.js';
import { ELEMENT, ML_DOMAIN } from '../../src/ml/onnx/model.js';
import type { OnnxAttribute, OnnxModel, OnnxNode, OnnxTensor } from '../../src/ml/onnx/model.js';
import type { Batch } from '../../src/ml/schema/evaluator.js';

// Jest's sandbox has a Float32Array of its own, which ONNX Runtime's native code doesn't recognise. A structured clone
// is made outside the sandbox, so its constructor is the one that native code uses.
globalThis.Float32Array = structuredClone(new Float32Array(0)).constructor as Float32ArrayConstructor;
const ort = await import('onnxruntime-node');

const TOLERANCE = 1e-5;

/** Scores of ONNX Runtime for the same bytes and rows, through the named output. */
export async function runReference(bytes: Uint8Array, model: OnnxModel, batch: Batch): Promise<Float32Array> {
  const session: InferenceSession = await ort.InferenceSession.create(bytes, {
    logSeverityLevel: 3,
    intraOpNumThreads: 1,
  });
  const feeds: Record<string, Tensor> = {};
  let column = 0;
  for (const { name, type } of model.graph.inputs) {
    const width = type.kind === 'tensor' ? Number(type.shape?.[1] ?? 1) : 1;
    const columns = batch.columns.slice(column, column + width);
    column += width;
    feeds[name] = toTensor(columns, batch.rows);
  }
  const output = model.graph.outputs.find(({ type }) => type.kind === 'tensor' && type.elementType === ELEMENT.FLOAT)!;
  const results = await session.run(feeds, [output.name]);
  await session.release();
  return results[output.name]!.data as Float32Array;
}

function toTensor(columns: Batch['columns'], rows: number): Tensor {
  const [first] = columns;
  if (Array.isArray(first)) return new ort.Tensor('string', (first as string[]).slice(0, rows), [rows, 1]);
  const data = new Float32Array(rows * columns.length);
  columns.forEach((column, i) => {
    for (let row = 0; row < rows; row++) data[row * columns.length + i] = (column as Float32Array)[row]!;
  });
  return new ort.Tensor('float32', data, [rows, columns.length]);
}

export function firstDifference(expected: ArrayLike<number>, actual: ArrayLike<number>): string | undefined {
  if (expected.length !== actual.length) return `${expected.length} scores against ${actual.length}`;
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [expected[i]!, actual[i]!];
    if (Object.is(a, b) || Math.abs(a - b) <= TOLERANCE * Math.max(1, Math.abs(a))) continue;
    return `score ${i}: ONNX Runtime ${a}, kernels ${b}`;
  }
  return undefined;
}

/** Where the kernels, over all rows at once or one by one, and ONNX Runtime differ; undefined if nowhere. */
export async function findDifference(
  evaluator: CompiledEvaluator,
  bytes: Uint8Array,
  model: OnnxModel,
  batch: Batch,
): Promise<string | undefined> {
  const expected = await runReference(bytes, model, batch);
  const together = firstDifference(expected, evaluator.evaluate(batch).values);
  if (together !== undefined) return together;
  // Row by row takes the single-row path.
  const single: number[] = [];
  for (let row = 0; row < batch.rows; row++) {
    const columns = batch.columns.map((column) => column.slice(row, row + 1));
    single.push(...evaluator.evaluate({ rows: 1, columns }).values);
  }
  const apart = firstDifference(expected, single);
  return apart && `row by row, ${apart}`;
}

export async function expectParity(model: OnnxModel, batch: Batch): Promise<void> {
  const bytes = encodeModel(model);
  const evaluator = compile(decodeModel(bytes));
  expect(await findDifference(evaluator, bytes, model, batch)).toBeUndefined();
}

/** Small, fast, seeded generator (mulberry32), so that a failing case can be run again. */
export function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Operators whose domain is not ONNX-ML's. */
const DEFAULT_DOMAIN = ['Add', 'Cast', 'Concat', 'Div', 'Exp', 'Identity', 'Mul', 'Reshape', 'Sigmoid', 'Sub'];

/** A graph of these nodes, whose output is the value `y`. */
export function handmade(
  nodes: readonly (Pick<OnnxNode, 'operator' | 'inputs' | 'outputs'> & { attributes?: readonly OnnxAttribute[] })[],
  options: { inputs?: OnnxModel['graph']['inputs']; initializers?: OnnxModel['graph']['initializers'] } = {},
): OnnxModel {
  return {
    irVersion: 8,
    producer: 'test',
    opsets: [
      { domain: '', version: 17 },
      { domain: ML_DOMAIN, version: 3 },
    ],
    graph: {
      name: 'handmade',
      nodes: nodes.map((node, i) => ({
        name: `node ${i}`,
        domain: DEFAULT_DOMAIN.includes(node.operator) ? '' : ML_DOMAIN,
        attributes: [],
        ...node,
      })),
      initializers: options.initializers ?? [],
      sparseInitializers: [],
      inputs: options.inputs ?? [wideInput(4)],
      outputs: [{ name: 'y', type: { kind: 'tensor', elementType: ELEMENT.FLOAT } }],
    },
    functions: [],
  };
}

export function wideInput(width: number): OnnxModel['graph']['inputs'][number] {
  return { name: 'x', type: { kind: 'tensor', elementType: ELEMENT.FLOAT, shape: ['N', width] } };
}

export function floatTensor(name: string, values: readonly number[], dims: readonly number[]): OnnxTensor {
  const raw = new DataView(new ArrayBuffer(4 * values.length));
  values.forEach((value, i) => {
    raw.setFloat32(4 * i, value, true);
  });
  const writer = new BinaryWriter();
  for (const dimension of dims) writer.tag(TENSOR.dims, WireType.Varint).int64(dimension);
  writer.tag(TENSOR.elementType, WireType.Varint).int32(ELEMENT.FLOAT);
  writer.tag(TENSOR.name, WireType.LengthDelimited).string(name);
  writer.tag(TENSOR.raw, WireType.LengthDelimited).bytes(new Uint8Array(raw.buffer));
  return { name, elementType: ELEMENT.FLOAT, dims, proto: writer.finish() };
}

export function ints(name: string, value: readonly number[]): OnnxAttribute {
  return { name, type: 'INTS', value };
}

export function floats(name: string, value: readonly number[]): OnnxAttribute {
  return { name, type: 'FLOATS', value };
}

export function string(name: string, value: string): OnnxAttribute {
  return { name, type: 'STRING', value };
}

export function strings(name: string, value: readonly string[]): OnnxAttribute {
  return { name, type: 'STRINGS', value };
}

export function int(name: string, value: number): OnnxAttribute {
  return { name, type: 'INT', value };
}
