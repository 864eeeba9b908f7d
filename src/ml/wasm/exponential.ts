import { f64x2, i32, i64x2, type Statement, type V128 } from './expressions.js';
import type { Declare, Local } from './module.js';

const LOG2_E = Math.LOG2E;
/** ln 2 in two parts: the first has so few bits that its products with small whole numbers are exact (Cody and Waite 1980). */
const LN2_HIGH = 6.9314718036912381649e-1;
const LN2_LOW = 1.90821492927058770002e-10;
/** Adding it to a number below 2⁵¹ leaves that number, rounded, in the lowest bits. */
const SHIFTER = 1.5 * 2 ** 52;
/** Beyond it the result would leave the range of normal numbers. */
const LIMIT = 700;
/** Terms of the Taylor series; for |r| ≤ ln 2 / 2 the rest is below 1e-14. */
const DEGREE = 11;

/**
 * e^x of two numbers, to a relative 1e-14; of numbers beyond ±700 that of ±700.
 * e^x = 2^n · e^r with the whole number n nearest to x / ln 2; 2^n is added to the exponent.
 *
 * @returns the statements that set `result`.
 */
export function exponential(x: V128, result: Local<'v128'>, declare: Declare): Statement {
  const [clamped, n, r] = [declare('v128'), declare('v128'), declare('v128')];
  const limited = f64x2.max(f64x2.min(x, f64x2.const(LIMIT)), f64x2.const(-LIMIT));
  const shifted = f64x2.add(n, f64x2.const(SHIFTER));
  return [
    ...clamped.set(limited),
    ...n.set(f64x2.nearest(f64x2.mul(clamped, f64x2.const(LOG2_E)))),
    ...r.set(f64x2.sub(clamped, f64x2.mul(n, f64x2.const(LN2_HIGH)))),
    ...r.set(f64x2.sub(r, f64x2.mul(n, f64x2.const(LN2_LOW)))),
    ...result.set(i64x2.add(taylor(r), i64x2.shl(shifted, i32.const(52)))),
  ];
}

/** Σ r^k / k!, by Horner's rule. */
function taylor(r: V128): V128 {
  let sum = f64x2.const(1 / factorial(DEGREE));
  for (let k = DEGREE - 1; k >= 0; k--) sum = f64x2.add(f64x2.mul(sum, r), f64x2.const(1 / factorial(k)));
  return sum;
}

function factorial(n: number): number {
  return n < 2 ? 1 : n * factorial(n - 1);
}
