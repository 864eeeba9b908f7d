import { type Packing, packingFor, unitsOf } from './entry.js';
import type { BoostShape, Views } from './shared-state.js';

/**
 * What boosting minimises. Its derivatives with respect to the raw scores are computed in derive-kernel.ts. A row's loss is half the
 * squared error, the log loss of the logistic function, or that of softmax, times its weight.
 */
export interface Objective {
  /** The constant scores that fit the train rows best, by output. */
  base(): Float64Array;
  /** To be called before every round: chooses the units of derivatives. */
  begin(): void;
  /** Of rows [from, to), before outputs are derived one after the other while their scores change. */
  prepare(from: number, to: number): void;
  /** Weighted mean over the rows of squared error or log loss. */
  loss(rows: Uint32Array): number;
}

export function objectiveOf(shape: BoostShape, views: Views): Objective {
  const packing = packingFor(shape.trainRows);
  if (shape.loss === 'SQUARED_ERROR') return new SquaredError(views, packing);
  return shape.loss === 'LOG_LOSS' ? new BinaryLogLoss(views, packing) : new SoftmaxLogLoss(views, packing);
}

abstract class Weighted {
  private readonly largestWeight: number;

  constructor(
    protected readonly views: Views,
    private readonly packing: Packing,
  ) {
    const { weights, train } = views;
    this.largestWeight = weights ? train.reduce((max, row) => Math.max(max, weights[row]!), 0) : 1;
  }

  protected weight(row: number): number {
    const { weights } = this.views;
    return weights === undefined ? 1 : weights[row]!;
  }

  protected mean(rows: Uint32Array, of: (row: number) => number): number {
    let sum = 0;
    let total = 0;
    for (const row of rows) {
      const weight = this.weight(row);
      sum += weight * of(row);
      total += weight;
    }
    return sum / total;
  }

  /**
   * Units for rows whose derivatives have these bounds before they are weighted.
   * @param hessianFactor what the kernel's second derivatives are multiplied by.
   */
  protected chooseUnits(largestGradient: number, largestHessian: number, hessianFactor = 1): void {
    const { units, perUnit } = this.views;
    const bound = hessianFactor * largestHessian * this.largestWeight;
    const chosen = unitsOf(largestGradient * this.largestWeight, bound, this.packing);
    units.set([chosen.gradient, chosen.hessian]);
    perUnit.set([1 / chosen.gradient, hessianFactor / chosen.hessian]);
  }
}

/** A unit must not be 0, also where all residuals are. */
const LEAST_RESIDUAL = 1e-290;

class SquaredError extends Weighted implements Objective {
  base(): Float64Array {
    return Float64Array.of(this.mean(this.views.train, (row) => this.views.truth[row]!));
  }

  begin(): void {
    const { train, truth, scores } = this.views;
    let largest = LEAST_RESIDUAL;
    for (const row of train) largest = Math.max(largest, Math.abs(scores[0]![row]! - truth[row]!));
    this.chooseUnits(largest, 1);
  }

  prepare(): void {
    // The derivatives need nothing besides a row's own score.
  }

  loss(rows: Uint32Array): number {
    const { truth } = this.views;
    const scores = this.views.scores[0]!;
    return this.mean(rows, (row) => (scores[row]! - truth[row]!) ** 2);
  }
}

class BinaryLogLoss extends Weighted implements Objective {
  base(): Float64Array {
    const share = this.mean(this.views.train, (row) => this.views.truth[row]!);
    return Float64Array.of(Math.log(share / (1 - share)));
  }

  begin(): void {
    this.chooseUnits(1, 0.25);
  }

  prepare(): void {
    // The derivatives need nothing besides a row's own score.
  }

  /** log(1 + e^−m) of the margin m, from the side that can't overflow. */
  loss(rows: Uint32Array): number {
    const { truth } = this.views;
    const scores = this.views.scores[0]!;
    return this.mean(rows, (row) => {
      const margin = truth[row] === 1 ? scores[row]! : -scores[row]!;
      return Math.log1p(Math.exp(-Math.abs(margin))) + Math.max(-margin, 0);
    });
  }
}

class SoftmaxLogLoss extends Weighted implements Objective {
  base(): Float64Array {
    const { train, truth, scores } = this.views;
    const sums = new Float64Array(scores.length);
    let total = 0;
    for (const row of train) {
      const weight = this.weight(row);
      sums[truth[row]!]! += weight;
      total += weight;
    }
    // A class that fell out of these rows altogether counts as half a row: the logarithm of 0 is no score.
    const least = (0.5 * total) / train.length;
    return sums.map((sum) => Math.log(Math.max(sum, least) / total));
  }

  /** Second derivatives are scaled by K/(K − 1), since one of the K scores is redundant (Friedman 2001, algorithm 6). */
  begin(): void {
    const outputs = this.views.scores.length;
    this.chooseUnits(1, 0.25, outputs / (outputs - 1));
  }

  prepare(from: number, to: number): void {
    const { logSums, scores } = this.views;
    for (let row = from; row < to; row++) logSums[row] = logSum(scores, row);
  }

  loss(rows: Uint32Array): number {
    const { truth, scores } = this.views;
    return this.mean(rows, (row) => logSum(scores, row) - scores[truth[row]!]![row]!);
  }
}

function logSum(scores: readonly Float64Array[], row: number): number {
  let max = -Infinity;
  for (const output of scores) if (output[row]! > max) max = output[row]!;
  let sum = 0;
  for (const output of scores) sum += Math.exp(output[row]! - max);
  return max + Math.log(sum);
}
