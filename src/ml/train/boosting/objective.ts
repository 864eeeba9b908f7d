import type { ClassTarget, Target } from '../table.js';

/** Raw scores: of each output, one number a row. */
export type RawScores = readonly Float64Array[];

/**
 * What boosting minimises, by first and second derivatives with respect to the raw scores. A row's loss is half the
 * squared error, the log loss of the logistic function, or that of softmax.
 */
export interface Objective {
  /** Raw scores a row: 1 for numbers and two classes, else the number of classes. */
  readonly outputs: number;
  /** The constant scores that fit the rows best. */
  base(rows: Uint32Array): Float64Array;
  /** To be called before the outputs are differentiated one after the other, while their scores change. */
  prepare(scores: RawScores, rows: Uint32Array): void;
  /** Writes the derivatives of rows[i] to position i. */
  differentiate(
    scores: Float64Array,
    output: number,
    rows: Uint32Array,
    gradient: Float64Array,
    hessian: Float64Array,
  ): void;
  /** Mean over the rows of squared error or log loss. */
  loss(scores: RawScores, rows: Uint32Array): number;
}

export function objectiveOf(target: Target): Objective {
  if (target.task === 'REGRESSION') return new SquaredError(target.values);
  return target.classes.length === 2 ? new BinaryLogLoss(target.codes) : new SoftmaxLogLoss(target);
}

class SquaredError implements Objective {
  readonly outputs = 1;

  constructor(private readonly truth: Float64Array) {}

  base(rows: Uint32Array): Float64Array {
    return Float64Array.of(mean(rows, (row) => this.truth[row]!));
  }

  prepare(): void {
    // The derivatives need nothing besides a row's own score.
  }

  differentiate(
    scores: Float64Array,
    _output: number,
    rows: Uint32Array,
    gradient: Float64Array,
    hessian: Float64Array,
  ): void {
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      gradient[i] = scores[row]! - this.truth[row]!;
      hessian[i] = 1;
    }
  }

  loss([scores]: RawScores, rows: Uint32Array): number {
    return mean(rows, (row) => (scores![row]! - this.truth[row]!) ** 2);
  }
}

class BinaryLogLoss implements Objective {
  readonly outputs = 1;

  constructor(private readonly codes: Int32Array) {}

  base(rows: Uint32Array): Float64Array {
    const share = mean(rows, (row) => this.codes[row]!);
    return Float64Array.of(Math.log(share / (1 - share)));
  }

  prepare(): void {
    // The derivatives need nothing besides a row's own score.
  }

  differentiate(
    scores: Float64Array,
    _output: number,
    rows: Uint32Array,
    gradient: Float64Array,
    hessian: Float64Array,
  ): void {
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      const probability = 1 / (1 + Math.exp(-scores[row]!));
      gradient[i] = probability - this.codes[row]!;
      hessian[i] = probability * (1 - probability);
    }
  }

  /** log(1 + e^−m) of the margin m, from the side that can't overflow. */
  loss([scores]: RawScores, rows: Uint32Array): number {
    return mean(rows, (row) => {
      const margin = this.codes[row] === 1 ? scores![row]! : -scores![row]!;
      return Math.log1p(Math.exp(-Math.abs(margin))) + Math.max(-margin, 0);
    });
  }
}

class SoftmaxLogLoss implements Objective {
  readonly outputs: number;
  private readonly codes: Int32Array;
  /** log Σ e^score of each row, when the round began. */
  private readonly logSums: Float64Array;

  constructor({ codes, classes }: ClassTarget) {
    this.outputs = classes.length;
    this.codes = codes;
    this.logSums = new Float64Array(codes.length);
  }

  base(rows: Uint32Array): Float64Array {
    const counts = new Float64Array(this.outputs);
    for (const row of rows) counts[this.codes[row]!]!++;
    // A class that fell out of these rows altogether counts as half a row: the logarithm of 0 is no score.
    return counts.map((count) => Math.log(Math.max(count, 0.5) / rows.length));
  }

  prepare(scores: RawScores, rows: Uint32Array): void {
    for (const row of rows) this.logSums[row] = logSum(scores, row);
  }

  /** The second derivative is scaled by K/(K − 1), since one of the K scores is redundant (Friedman 2001, algorithm 6). */
  differentiate(
    scores: Float64Array,
    output: number,
    rows: Uint32Array,
    gradient: Float64Array,
    hessian: Float64Array,
  ): void {
    const factor = this.outputs / (this.outputs - 1);
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      const probability = Math.exp(scores[row]! - this.logSums[row]!);
      gradient[i] = probability - (this.codes[row] === output ? 1 : 0);
      hessian[i] = factor * probability * (1 - probability);
    }
  }

  loss(scores: RawScores, rows: Uint32Array): number {
    return mean(rows, (row) => logSum(scores, row) - scores[this.codes[row]!]![row]!);
  }
}

function logSum(scores: RawScores, row: number): number {
  let max = -Infinity;
  for (const output of scores) if (output[row]! > max) max = output[row]!;
  let sum = 0;
  for (const output of scores) sum += Math.exp(output[row]! - max);
  return max + Math.log(sum);
}

function mean(rows: Uint32Array, of: (row: number) => number): number {
  let sum = 0;
  for (const row of rows) sum += of(row);
  return sum / rows.length;
}
