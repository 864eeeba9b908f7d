import { ELEMENT } from '../onnx/model.js';
import { floatValues } from '../onnx/tensor.js';
import type { CompiledForest } from '../onnx/kernels/forest.js';
import { NodeReader, type ProgramNode } from '../onnx/kernels/kernel.js';
import type { Program } from '../onnx/program.js';
import { UnexplainableError } from './unexplainable.js';

/** What an explained score is measured in. */
export type ScoreUnit =
  /** The predicted number itself. */
  | 'VALUE'
  | 'PROBABILITY'
  /** log(p / (1 − p)). */
  | 'LOG_ODDS'
  /** Its softmax over all classes gives the probabilities. */
  | 'SOFTMAX_SCORE';

/** A score to explain: a sum of the operator's own outputs, with signs. */
export interface ExplainedScore {
  /** Index of the class; absent for a regression. */
  readonly class?: number;
  readonly terms: readonly { readonly output: number; readonly sign: 1 | -1 }[];
}

interface HeadScores {
  /** Name of the matrix that the operator reads. */
  readonly input: string;
  /** The value that it computes. */
  readonly output: string;
  readonly unit: ScoreUnit;
  readonly scores: readonly ExplainedScore[];
  /** Whether another operator, fitted afterwards, makes the served probabilities of these. */
  readonly calibrated: boolean;
}

/** The operator that makes scores of a matrix of prepared columns. */
export type Head =
  | (HeadScores & {
      readonly kind: 'LINEAR';
      /** Row-major [outputs, columns]. */
      readonly coefficients: Float32Array;
      readonly intercepts: Float32Array;
    })
  | (HeadScores & { readonly kind: 'TREES'; readonly compiled: CompiledForest; readonly base: Float32Array });

/** Operators that leave scores what they are, or divide them by their sum. */
const PASSING = new Set(['Cast', 'Identity', 'Reshape', 'Normalizer']);
const SCORING = new Set(['LinearRegressor', 'LinearClassifier', 'TreeEnsembleRegressor', 'TreeEnsembleClassifier']);

/**
 * The first scoring operator of a graph. One behind it that reads nothing else is its calibrator.
 * @throws UnexplainableError for a graph that ends in anything but a linear model or trees.
 */
export function readHead({ nodes, constants, output }: Program): Head {
  const producerOf = (name: string): ProgramNode | undefined => nodes.find(({ outputs }) => outputs.includes(name));
  const found: ProgramNode[] = [];
  let node = producerOf(output);
  const last = node?.operator ?? 'none at all';
  while (node && (SCORING.has(node.operator) || leavesScores(node, constants))) {
    if (SCORING.has(node.operator)) found.unshift(node);
    node = producerOf(node.inputs.find((name) => !constants.has(name))!);
  }
  const [head, ...calibrators] = found;
  if (!head) throw new UnexplainableError(`its scores come from the operator ${last}, neither linear nor trees`);
  return headOf(head, new NodeReader(head, constants), calibrators.length > 0);
}

/** A product with 1 as well: LightGBM's converter writes such. */
function leavesScores({ operator, inputs }: ProgramNode, constants: Program['constants']): boolean {
  if (PASSING.has(operator)) return true;
  const factor = inputs.map((name) => constants.get(name)).find((tensor) => tensor !== undefined);
  if (operator !== 'Mul' || factor?.elementType !== ELEMENT.FLOAT) return false;
  return floatValues(factor).every((value) => value === 1);
}

function headOf(node: ProgramNode, reader: NodeReader, calibrated: boolean): Head {
  const input = node.inputs[0]!;
  const output = node.outputs.at(-1)!;
  if (node.forest) {
    const base = reader.floats('base_values');
    return {
      kind: 'TREES',
      input,
      output,
      compiled: node.forest,
      base,
      calibrated,
      ...scoresOf(reader, node.forest.forest.width),
    };
  }
  const coefficients = reader.floats('coefficients');
  const given = reader.floats('intercepts');
  const outputs = Math.max(1, reader.int('targets', 1), given.length);
  const intercepts = given.length === outputs ? given : new Float32Array(outputs);
  return { kind: 'LINEAR', input, output, coefficients, intercepts, calibrated, ...scoresOf(reader, outputs) };
}

/**
 * Two classes have one score, that of the second: the difference of both before a softmax, else its own. The kernels
 * say the same of what becomes of the operator's outputs.
 */
function scoresOf(reader: NodeReader, outputs: number): Pick<HeadScores, 'unit' | 'scores'> {
  const transform = reader.text('post_transform', 'NONE');
  const classes =
    reader.strings('classlabels_strings').length ||
    reader.ints('classlabels_int64s').length ||
    reader.ints('classlabels_ints').length;
  const own = (output: number): ExplainedScore['terms'] => [{ output, sign: 1 }];
  if (classes === 0) {
    if (outputs !== 1) throw new UnexplainableError(`it predicts ${outputs} numbers at once`);
    return { unit: 'VALUE', scores: [{ terms: own(0) }] };
  }
  const unit = transform === 'NONE' ? 'PROBABILITY' : transform === 'LOGISTIC' ? 'LOG_ODDS' : 'SOFTMAX_SCORE';
  if (classes > 2) {
    return { unit, scores: Array.from({ length: classes }, (_, output) => ({ class: output, terms: own(output) })) };
  }
  if (transform === 'SOFTMAX') {
    const difference = [...own(1), { output: 0, sign: -1 as const }];
    return { unit: 'LOG_ODDS', scores: [{ class: 1, terms: difference }] };
  }
  return { unit, scores: [{ class: 1, terms: own(outputs - 1) }] };
}
