import { exponential } from '../../wasm/exponential.js';
import { f64, f64x2, i32, type Statement, v128 } from '../../wasm/expressions.js';
import { compileKernels, defineFunction, instantiate, type KernelFunction, loop } from '../../wasm/module.js';
import { trainingMemory } from '../training-memory.js';

/** Rows whose scores, residuals and curvatures are held at a time. */
export const BLOCK = 1024;
/** Rows that the Gram matrix takes at once, so that each of its elements is read and written a quarter as often. */
const TOGETHER = 4;
const BYTES = 8;
const LANES = 2;

interface Kernels {
  score(x: number, count: number, step: number, weights: number, scores: number): void;
  decay(count: number, scores: number, tails: number): void;
  addRows(x: number, count: number, step: number, factors: number, sum: number): void;
  addOuter(x: number, count: number, step: number, factors: number, gram: number): void;
}

/**
 * A dense matrix with float64 rows, and its products in WebAssembly, two numbers at a time. `step` takes every step-th
 * row only. All sums are made in the order of the rows.
 */
export class DenseRows {
  /** Numbers a row: the width, made even by a column of zeros. */
  readonly stride: number;
  /** Row-major [rows, stride]. */
  readonly values: Float64Array;
  /** Weights of the columns, for {@link score}. */
  readonly weights: Float64Array;
  /** By position in the block: x · weights. */
  readonly scores: Float64Array;
  /** By position in the block: e^−|score|, of {@link decay}. */
  readonly tails: Float64Array;
  /** By position in the block, for {@link addRows} and {@link addOuter}. */
  readonly factors: Float64Array;
  /** What {@link addRows} adds to. */
  readonly sum: Float64Array;
  /** What {@link addOuter} adds to: row-major [stride, stride], the lower triangle and what else is in its vectors. */
  readonly gram: Float64Array;
  private readonly kernels: Kernels;

  constructor(
    readonly rows: number,
    readonly width: number,
  ) {
    this.stride = LANES * Math.ceil(width / LANES);
    const { stride } = this;
    // The last rows of a block are taken together with rows that don't exist, whose factors are 0.
    const parts = [(rows + TOGETHER) * stride, stride, BLOCK, BLOCK, BLOCK + TOGETHER, stride, stride * stride];
    const memory = trainingMemory(parts.reduce((sum, length) => sum + BYTES * length, 0));
    const take = takeFrom(memory.buffer);
    this.values = take((rows + TOGETHER) * stride);
    this.weights = take(stride);
    this.scores = take(BLOCK);
    this.tails = take(BLOCK);
    this.factors = take(BLOCK + TOGETHER);
    this.sum = take(stride);
    this.gram = take(stride * stride);
    const module = compileKernels([score(stride), decay(), addRows(stride), addOuter(stride)], 'SHARED');
    this.kernels = instantiate(module, memory) as unknown as Kernels;
  }

  /** scores[i] = x_(first + i·step) · weights, for `count` rows, at most BLOCK. */
  score(first: number, count: number, step: number): void {
    const { weights, scores } = this;
    this.kernels.score(this.addressOf(first), count, this.bytes(step), weights.byteOffset, scores.byteOffset);
  }

  /** tails[i] = e^−|scores[i]| for the first `count` positions. */
  decay(count: number): void {
    this.kernels.decay(count, this.scores.byteOffset, this.tails.byteOffset);
  }

  /** sum += Σ factors[i] · x_(first + i·step) */
  addRows(first: number, count: number, step: number): void {
    const { factors, sum } = this;
    this.kernels.addRows(this.addressOf(first), count, this.bytes(step), factors.byteOffset, sum.byteOffset);
  }

  /** gram += Σ factors[i] · x xᵀ of x_(first + i·step). */
  addOuter(first: number, count: number, step: number): void {
    const { factors, gram } = this;
    factors.fill(0, count, count + TOGETHER);
    this.kernels.addOuter(this.addressOf(first), count, this.bytes(step), factors.byteOffset, gram.byteOffset);
  }

  private addressOf(row: number): number {
    return this.values.byteOffset + this.bytes(row);
  }

  private bytes(rows: number): number {
    return rows * this.stride * BYTES;
  }
}

/** Takes one part of a buffer after the other, each of an even length. */
function takeFrom(buffer: ArrayBufferLike): (length: number) => Float64Array {
  let at = 0;
  return (length) => {
    const part = new Float64Array(buffer, at, length);
    at += part.byteLength;
    return part;
  };
}

const PARAMETERS = ['x', 'count', 'step'] as const;
/** Bytes of a vector. */
const VECTOR = LANES * BYTES;

function score(stride: number): KernelFunction {
  const parameters = [...PARAMETERS, 'weights', 'scores'] as const;
  return defineFunction('score', parameters, ({ x, count, step, weights, scores }, declare) => {
    const [end, column, sum] = [declare('i32'), declare('i32'), declare('v128')];
    const product = f64x2.mul(v128.load(i32.add(x, column)), v128.load(i32.add(weights, column)));
    return [
      end.set(i32.add(scores, i32.shl(count, i32.const(3)))),
      loop(
        scores,
        scores,
        end,
        [
          sum.set(f64x2.const(0)),
          loop(column, i32.const(0), i32.const(BYTES * stride), [sum.set(f64x2.add(sum, product))], VECTOR),
          f64.store(scores, f64.add(f64x2.lane(sum, 0), f64x2.lane(sum, 1))),
          x.set(i32.add(x, step)),
        ],
        BYTES,
      ),
    ];
  });
}

function decay(): KernelFunction {
  return defineFunction('decay', ['count', 'scores', 'tails'], ({ count, scores, tails }, declare) => {
    const [end, value, result] = [declare('i32'), declare('v128'), declare('v128')];
    return [
      end.set(i32.add(scores, i32.shl(count, i32.const(3)))),
      loop(
        scores,
        scores,
        end,
        [
          value.set(v128.load(scores)),
          exponential(f64x2.min(value, f64x2.sub(f64x2.const(0), value)), result, declare),
          v128.store(tails, result),
          tails.set(i32.add(tails, i32.const(VECTOR))),
        ],
        VECTOR,
      ),
    ];
  });
}

function addRows(stride: number): KernelFunction {
  const parameters = [...PARAMETERS, 'factors', 'sum'] as const;
  return defineFunction('addRows', parameters, ({ x, count, step, factors, sum }, declare) => {
    const [end, column, factor] = [declare('i32'), declare('i32'), declare('v128')];
    const target = i32.add(sum, column);
    const added = f64x2.add(v128.load(target), f64x2.mul(factor, v128.load(i32.add(x, column))));
    return [
      end.set(i32.add(factors, i32.shl(count, i32.const(3)))),
      loop(
        factors,
        factors,
        end,
        [
          factor.set(f64x2.splat(f64.load(factors))),
          loop(column, i32.const(0), i32.const(BYTES * stride), [v128.store(target, added)], VECTOR),
          x.set(i32.add(x, step)),
        ],
        BYTES,
      ),
    ];
  });
}

function addOuter(stride: number): KernelFunction {
  const parameters = [...PARAMETERS, 'factors', 'gram'] as const;
  return defineFunction('addOuter', parameters, ({ x, count, step, factors, gram }, declare) => {
    const [end, line, column, target] = [declare('i32'), declare('i32'), declare('i32'), declare('i32')];
    const rows = Array.from({ length: TOGETHER }, (_, r) => ({ r, x: declare('i32'), scaled: declare('v128') }));
    const scale: Statement[] = rows.map((row) =>
      row.scaled.set(f64x2.splat(f64.mul(f64.load(i32.add(row.x, line)), f64.load(factors, BYTES * row.r)))),
    );
    const products = rows.map((row) => f64x2.mul(row.scaled, v128.load(i32.add(row.x, column))));
    const element = i32.add(target, column);
    const added = products.reduce((sum, product) => f64x2.add(sum, product), v128.load(element));
    const addLine: Statement[] = [
      ...scale,
      loop(column, i32.const(0), i32.add(line, i32.const(BYTES)), [v128.store(element, added)], VECTOR),
      target.set(i32.add(target, i32.const(BYTES * stride))),
    ];
    return [
      end.set(i32.add(factors, i32.shl(count, i32.const(3)))),
      loop(
        factors,
        factors,
        end,
        [
          ...rows.map((row) => row.x.set(row.r === 0 ? x : i32.add(rows[row.r - 1]!.x, step))),
          target.set(gram),
          loop(line, i32.const(0), i32.const(BYTES * stride), addLine, BYTES),
          x.set(i32.add(rows[TOGETHER - 1]!.x, step)),
        ],
        BYTES * TOGETHER,
      ),
    ];
  });
}
