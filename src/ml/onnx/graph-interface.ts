import { chooseOutput } from './program.js';
import { ELEMENT, ML_DOMAIN, UnfitGraphError, UnsupportedGraphError } from './model.js';
import type { OnnxGraph, OnnxNode, ValueInfo } from './model.js';

/** An input of a graph, [rows, columns]. */
export interface GraphInput {
  readonly name: string;
  readonly type: 'float' | 'string';
  readonly columns: number;
}

/** What a graph takes and gives, as far as a caller has to know. */
export interface GraphInterface {
  readonly inputs: readonly GraphInput[];
  /** Name of the output with the scores. */
  readonly output: string;
  /** Labels of its classes in the order of the scores, where the graph names them. */
  readonly labels?: readonly string[];
}

/** Where classifiers of ai.onnx.ml keep their labels: texts, or numbers. */
const LABEL_ATTRIBUTES = ['classlabels_strings', 'classlabels_int64s', 'classlabels_ints'];

/**
 * Reads the inputs, the score output and the class labels of a graph that somebody else made.
 * @throws UnfitGraphError, with what to export instead, for a ZipMap and for inputs or outputs that rows of a table
 *   can't be given to or scores can't be read from.
 */
export function readInterface(graph: OnnxGraph): GraphInterface {
  if (graph.nodes.some(({ operator }) => operator === 'ZipMap')) {
    throw new UnfitGraphError(
      "It ends in a ZipMap, a list of dictionaries that can't be read as scores. Export it without: in skl2onnx with options={id(model): {'zipmap': False}}, in onnxmltools with zipmap=False.",
    );
  }
  const initializers = new Set(graph.initializers.map(({ name }) => name));
  const labels = labelsOf(graph.nodes);
  return {
    inputs: graph.inputs.filter(({ name }) => !initializers.has(name)).map(readInput),
    output: scoresOf(graph),
    ...(labels && { labels }),
  };
}

function readInput({ name, type }: ValueInfo): GraphInput {
  if (type.kind !== 'tensor') {
    throw new UnfitGraphError(`Its input ${name} is no tensor. Export it with tensors [rows, columns].`);
  }
  const { elementType, shape } = type;
  if (elementType !== ELEMENT.FLOAT && elementType !== ELEMENT.STRING) {
    throw new UnfitGraphError(
      `Its input ${name} holds ${elementName(elementType)}, where numbers must be float32. Export it with FloatTensorType (or .float() in PyTorch) for numbers and StringTensorType for text.`,
    );
  }
  const [rows, columns] = shape ?? [];
  if (shape?.length !== 2 || typeof columns !== 'number' || columns < 1) {
    throw new UnfitGraphError(
      `Its input ${name} has the shape ${shapeText(shape)} instead of [rows, columns] with a fixed number of columns. Export it with a shape such as [None, 4].`,
    );
  }
  if (typeof rows === 'number' && rows > 0) {
    throw new UnfitGraphError(
      `Its input ${name} takes exactly ${rows} rows at a time. Export it with an open first dimension (dynamic_axes in PyTorch).`,
    );
  }
  return { name, type: elementType === ELEMENT.FLOAT ? 'float' : 'string', columns };
}

function scoresOf(graph: OnnxGraph): string {
  try {
    return chooseOutput(graph);
  } catch (cause) {
    if (!(cause instanceof UnsupportedGraphError)) throw cause;
    throw new UnfitGraphError(
      `${cause.message}. Export it so that its only float32 output holds its predictions or probabilities.`,
      { cause },
    );
  }
}

/** The labels that all its classifiers agree on: an ensemble is made of several. */
function labelsOf(nodes: readonly OnnxNode[]): readonly string[] | undefined {
  const lists = nodes.filter(({ domain }) => domain === ML_DOMAIN).flatMap((node) => labelList(node) ?? []);
  const [first, ...others] = lists;
  const agree = others.every(({ labels }) => labels.join('\0') === first?.labels.join('\0'));
  return agree ? first?.labels : undefined;
}

function labelList({ attributes }: OnnxNode): { labels: string[] } | undefined {
  for (const name of LABEL_ATTRIBUTES) {
    const attribute = attributes.find((candidate) => candidate.name === name);
    if (attribute?.type !== 'STRINGS' && attribute?.type !== 'INTS') continue;
    if (attribute.value.length > 0) return { labels: Array.from<string | number, string>(attribute.value, String) };
  }
  return undefined;
}

function elementName(type: number): string {
  const known = Object.entries(ELEMENT).find(([, number]) => number === type);
  if (type === ELEMENT.DOUBLE) return 'float64';
  return known ? known[0].toLowerCase() : `element type ${type}`;
}

function shapeText(shape: readonly (number | string)[] | undefined): string {
  return shape ? `[${shape.map((dimension) => (dimension === '' ? '?' : dimension)).join(', ')}]` : 'of unknown rank';
}
