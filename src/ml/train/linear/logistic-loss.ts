import type { Heartbeat } from '../heartbeat.js';
import type { Design } from './design.js';
import { BLOCK } from './dense-rows.js';
import { blocksOf, RowSums, scoreBlock } from './products.js';

/** Beyond it a product of numbers from 1 to 2 is set aside, far from overflow. */
const LARGEST_PRODUCT = 2 ** 512;

/**
 * Penalised mean log loss: (1/n)·Σ weight · log loss + |w|² / (2·C·n), the intercepts free. n times it is scikit-learn's
 * objective, so C means the same.
 */
export interface LogisticProblem {
  readonly design: Design;
  readonly codes: Int32Array;
  /** Of the rows; undefined if all weigh 1. */
  readonly weights: Float64Array | undefined;
  readonly C: number;
  readonly heartbeat: Heartbeat;
}

/**
 * Binary objective; writes the gradient and, if a matrix [width, width] is given, the Hessian's lower triangle.
 * @param w weights of class 1, length design.width.
 * @param step of every step-th row only, with the penalty in proportion.
 */
export async function binaryLoss(
  { design, codes, weights, C, heartbeat }: LogisticProblem,
  w: Float64Array,
  gradient: Float64Array,
  hessian?: Float64Array,
  step = 1,
): Promise<number> {
  const { scores, tails, factors } = design.dense;
  const sums = new RowSums(design, hessian !== undefined);
  const curvatures = new Float64Array(BLOCK);
  let loss = 0;
  for (const block of blocksOf(design, step)) {
    scoreBlock(design, block, w);
    design.dense.decay(block.count);
    // One logarithm for many rows: Σ log(1 + tail) = log Π (1 + tail).
    let product = 1;
    for (let i = 0; i < block.count; i++) {
      const score = scores[i]!;
      // log(1 + eˢ) = max(s, 0) + log(1 + e^−|s|), without overflow.
      const tail = tails[i]!;
      const probability = score >= 0 ? 1 / (1 + tail) : tail / (1 + tail);
      const row = block.first + i * step;
      const positive = codes[row]!;
      const weight = weights === undefined ? 1 : weights[row]!;
      loss += weight * (Math.max(score, 0) - positive * score);
      if (weights !== undefined) loss += weight * Math.log1p(tail);
      else if ((product *= 1 + tail) > LARGEST_PRODUCT) {
        loss += Math.log(product);
        product = 1;
      }
      factors[i] = weight * (probability - positive);
      curvatures[i] = weight * probability * (1 - probability);
    }
    loss += Math.log(product);
    sums.addRows(block);
    if (hessian) {
      factors.set(curvatures);
      sums.addOuter(block);
    }
    await heartbeat.beat();
  }
  const rows = blocksOf(design, step).reduce((sum, { count }) => sum + count, 0);
  sums.readRows(gradient, 1 / rows);
  if (hessian) sums.readGram(hessian, 1 / rows);
  return loss / rows + addPenalty(design, 1 / (C * design.rows), w, gradient, hessian);
}

/** Adds the derivatives of penalty · |w|² / 2, without the intercept. @returns its value. */
function addPenalty(
  { width, numbers }: Design,
  penalty: number,
  w: Float64Array,
  gradient: Float64Array,
  hessian?: Float64Array,
): number {
  let value = 0;
  for (let j = 0; j < width; j++) {
    if (j === numbers) continue;
    value += (penalty / 2) * w[j]! * w[j]!;
    gradient[j]! += penalty * w[j]!;
    if (hessian) hessian[j * width + j]! += penalty;
  }
  return value;
}

/**
 * Multinomial (softmax) objective with a row of weights for every class; writes the gradient.
 * @param w weights [width, classes], so that one design column's weights lie together.
 */
export async function multinomialLoss(
  { design, codes, weights, C, heartbeat }: LogisticProblem,
  classes: number,
  w: Float64Array,
  gradient: Float64Array,
): Promise<number> {
  gradient.fill(0);
  const { rows, width, dense, numbers, active, factors } = design;
  const scores = new Float64Array(classes);
  let loss = 0;
  for (let row = 0; row < rows; row++) {
    scores.fill(0);
    const start = row * dense.stride;
    for (let j = 0; j <= numbers; j++) {
      const x = dense.values[start + j]!;
      for (let k = 0; k < classes; k++) scores[k]! += x * w[j * classes + k]!;
    }
    for (let j = row * factors; j < (row + 1) * factors; j++) {
      const at = active[j]! * classes;
      if (at >= 0) for (let k = 0; k < classes; k++) scores[k]! += w[at + k]!;
    }
    const weight = weights === undefined ? 1 : weights[row]!;
    loss -= weight * softmaxResidual(scores, codes[row]!);
    for (let k = 0; k < classes; k++) scores[k]! *= weight;
    for (let j = 0; j <= numbers; j++) {
      const x = dense.values[start + j]!;
      for (let k = 0; k < classes; k++) gradient[j * classes + k]! += x * scores[k]!;
    }
    for (let j = row * factors; j < (row + 1) * factors; j++) {
      const at = active[j]! * classes;
      if (at >= 0) for (let k = 0; k < classes; k++) gradient[at + k]! += scores[k]!;
    }
    if (row % BLOCK === 0) await heartbeat.beat();
  }
  const penalty = 1 / C;
  for (let j = 0; j < width * classes; j++) {
    if (Math.floor(j / classes) === numbers) continue;
    loss += (penalty / 2) * w[j]! * w[j]!;
    gradient[j]! += penalty * w[j]!;
  }
  scale(gradient, 1 / rows);
  return loss / rows;
}

/** Turns scores into (probability − indicator of the true class) and returns the true class's log probability. */
function softmaxResidual(scores: Float64Array, truth: number): number {
  let max = -Infinity;
  for (const score of scores) max = Math.max(max, score);
  const own = scores[truth]! - max;
  let sum = 0;
  for (let k = 0; k < scores.length; k++) sum += scores[k] = Math.exp(scores[k]! - max);
  for (let k = 0; k < scores.length; k++) scores[k]! /= sum;
  scores[truth]! -= 1;
  return own - Math.log(sum);
}

function scale(values: Float64Array, factor: number): void {
  for (let i = 0; i < values.length; i++) values[i]! *= factor;
}
