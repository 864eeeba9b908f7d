import { f64, f64x2, type I32, type Statement, v128 } from '../wasm/expressions.js';
import type { Declare } from '../wasm/module.js';
import type { Quadrature } from './quadrature.js';
import { DOUBLE, FRAME, TURN, TURNS, VECTOR } from './walk-memory.js';

/**
 * Fills the table of the edge to the frame `below`: factors and changes at the points t of a rule, for rows whose column
 * was hot. Where it was cold the factor is always 1 and the change 0.
 *
 * A column's factor is o·t + z·(1 − t) with o = 1 while it is hot. All are divided by z here, so that products hold no
 * shares: with odds = 1/z − 1, 1 + odds·t of a hot column, 1 − t of a cold one. An edge multiplies the product by the
 * quotient of its column's factors with and without it. Leaves below count for a column times (o − z) / factor, which is
 * odds / (1 + odds·t) of a hot one and −1 / (1 − t) of a cold one; an edge adds by how much it changes this.
 *
 * @param before frame of the column's last edge, or the ground.
 */
export function fillTable({ points }: Quadrature, before: I32, below: I32, declare: Declare): Statement[] {
  const [odds, oddsBefore, gain, loss] = [declare('v128'), declare('v128'), declare('v128'), declare('v128')];
  const [factor, inverse] = [declare('v128'), declare('v128')];
  const one = f64x2.const(1);
  const oddsAt = (frame: I32) => f64x2.splat(f64.sub(f64.load(frame, FRAME.inverse), f64.const(1)));
  const pairs = Array.from({ length: points.length / 2 }, (_, i) => i);
  return [
    odds.set(oddsAt(below)),
    oddsBefore.set(oddsAt(before)),
    // Differences of two fractions over their common denominator: nothing cancels.
    gain.set(f64x2.sub(odds, oddsBefore)),
    loss.set(f64x2.splat(f64.load(before, FRAME.inverse))),
    ...pairs.flatMap((pair) => {
      const [t, u] = [points[2 * pair]!, points[2 * pair + 1]!];
      const place = (row: number): number => FRAME.table + row * points.length * DOUBLE + pair * VECTOR;
      const cold = f64x2.mul(inverse, f64x2.const(1 / (t - 1), 1 / (u - 1)));
      return [
        factor.set(f64x2.add(one, f64x2.mul(odds, f64x2.const(t, u)))),
        inverse.set(f64x2.div(one, f64x2.add(one, f64x2.mul(oddsBefore, f64x2.const(t, u))))),
        v128.store(below, f64x2.mul(inverse, f64x2.const(1 - t, 1 - u)), place(TURN.TURNS_COLD)),
        v128.store(below, f64x2.mul(inverse, factor), place(TURN.HOT)),
        v128.store(below, f64x2.mul(loss, cold), place(TURNS + TURN.TURNS_COLD)),
        v128.store(below, f64x2.div(f64x2.mul(gain, inverse), factor), place(TURNS + TURN.HOT)),
      ];
    }),
  ];
}
