import { exponential } from '../../wasm/exponential.js';
import { f64, f64x2, type I32, i32, i32x4, i64, type Statement, type V128, v128 } from '../../wasm/expressions.js';
import { type Declare, defineFunction, type KernelFunction, loop } from '../../wasm/module.js';
import { ENTRY } from './entry.js';

export type Loss = 'SQUARED_ERROR' | 'LOG_LOSS' | 'SOFTMAX';

/** Addresses of what derivatives are made from. */
export interface DerivePlaces {
  readonly scores: number;
  readonly truth: number;
  /** Undefined where all rows weigh 1. */
  readonly weights: number | undefined;
  readonly logSums: number;
  readonly entries: number;
  /** Derivatives are multiplied by these two numbers: 1 / units. */
  readonly perUnit: number;
}

/**
 * derive(from, to, output): writes the entries of rows [from, to), two at a time, `from` even. With the score s, the
 * truth y and the weight w:
 *
 * - SQUARED_ERROR: gradient w·(s − y), hessian w
 * - LOG_LOSS: p = 1 / (1 + e^−s), gradient w·(p − y), hessian w·p·(1 − p)
 * - SOFTMAX: p = e^(s − log Σ e^s'), and y is 1 if the truth is this output. The hessian is scaled by K/(K − 1) through its
 *   unit: see objective.ts.
 */
export function deriveKernel(loss: Loss, rows: number, countBits: number, places: DerivePlaces): KernelFunction {
  return defineFunction('derive', ['from', 'to', 'output'], ({ from, to, output }, declare) => {
    const [row, at, ofOutput] = [declare('i32'), declare('i32'), declare('i32')];
    const [gradient, hessian] = [declare('v128'), declare('v128')];
    const [perGradient, perHessian] = [declare('v128'), declare('v128')];
    const outputCode = declare('v128');
    const score = v128.load(i32.add(at, ofOutput), places.scores);
    const truth = v128.load(at, places.truth);
    const weight = places.weights === undefined ? undefined : v128.load(at, places.weights);
    const scaled = (value: V128, factor: V128): V128 => {
      const inUnits = f64x2.mul(value, factor);
      return f64x2.nearest(weight ? f64x2.mul(inUnits, weight) : inUnits);
    };
    const ofClass = f64x2.const(1);
    const target = loss === 'SOFTMAX' ? v128.and(f64x2.eq(truth, outputCode), ofClass) : truth;
    const probability = (): Statement =>
      loss === 'SOFTMAX'
        ? exponential(f64x2.sub(score, v128.load(at, places.logSums)), hessian, declare)
        : logistic(score, hessian, declare);
    const derivatives: Statement =
      loss === 'SQUARED_ERROR'
        ? [...gradient.set(f64x2.sub(score, truth)), ...hessian.set(f64x2.const(1))]
        : [
            ...probability(),
            ...gradient.set(f64x2.sub(hessian, target)),
            ...hessian.set(f64x2.mul(hessian, f64x2.sub(f64x2.const(1), hessian))),
          ];
    return [
      ofOutput.set(i32.mul(output, i32.const(8 * rows))),
      outputCode.set(f64x2.splat(f64.fromI32(output))),
      perGradient.set(f64x2.splat(f64.load(i32.const(0), places.perUnit))),
      perHessian.set(f64x2.splat(f64.load(i32.const(0), places.perUnit + 8))),
      loop(
        row,
        from,
        to,
        [
          at.set(i32.shl(row, i32.const(3))),
          derivatives,
          gradient.set(i32x4.truncateF64x2(scaled(gradient, perGradient))),
          hessian.set(i32x4.truncateF64x2(scaled(hessian, perHessian))),
          writeEntry(i32.shl(row, i32.const(4)), gradient, hessian, 0, countBits, places.entries),
          writeEntry(i32.shl(row, i32.const(4)), gradient, hessian, 1, countBits, places.entries + ENTRY),
        ],
        2,
      ),
    ];
  });
}

/** 1 / (1 + e^−s) */
function logistic(score: V128, result: Parameters<typeof exponential>[1], declare: Declare): Statement {
  const one = f64x2.const(1);
  return [
    ...exponential(f64x2.sub(f64x2.const(0), score), result, declare),
    ...result.set(f64x2.div(one, f64x2.add(one, result))),
  ];
}

/** An entry as entry.ts describes it, from one lane of whole numbers. */
function writeEntry(
  address: I32,
  gradient: V128,
  hessian: V128,
  lane: number,
  countBits: number,
  entries: number,
): Statement {
  const packed = i64.or(i64.shl(i64.fromI32(i32x4.lane(hessian, lane)), i64.const(countBits)), i64.const(1));
  return [
    ...i64.store(address, i64.fromI32(i32x4.lane(gradient, lane)), entries),
    ...i64.store(address, packed, entries + 8),
  ];
}
