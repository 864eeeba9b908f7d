import type { Heartbeat } from '../heartbeat.js';
import { factorise, solve } from './cholesky.js';
import { largest, MAX_HALVINGS, rounding, SUFFICIENT, type MinimiseOptions, type Minimum } from './lbfgs.js';

/** Value of a function at x; writes its gradient and the lower triangle of its Hessian. */
export type CurvedObjective = (x: Float64Array, gradient: Float64Array, hessian: Float64Array) => Promise<number>;

/**
 * Newton's method with step halving for a strictly convex function (Boyd and Vandenberghe, Convex Optimization, 9.5).
 * @returns the minimum with the Hessian there.
 */
export async function newton(
  objective: CurvedObjective,
  start: Float64Array,
  heartbeat: Heartbeat,
  { maxIterations, tolerance, onIteration }: MinimiseOptions,
): Promise<Minimum & { hessian: Float64Array }> {
  const size = start.length;
  let x = start;
  const gradient = new Float64Array(size);
  const hessian = new Float64Array(size * size);
  let value = await objective(x, gradient, hessian);
  for (let iteration = 1; largest(gradient) > tolerance; iteration++) {
    if (iteration > maxIterations) return { x, value, converged: false, hessian };
    const step = solve(await factorise(hessian, size, heartbeat), gradient);
    const from = x;
    const before = value;
    const decrease = step.reduce((sum, change, i) => sum + change * gradient[i]!, 0);
    let length = 1;
    for (let halving = 0; ; halving++) {
      x = from.map((coordinate, i) => coordinate - length * step[i]!);
      value = await objective(x, gradient, hessian);
      if (value <= before - SUFFICIENT * length * decrease + rounding(before)) break;
      // No smaller value can be represented: this is the minimum as far as rounding lets it be seen.
      if (halving === MAX_HALVINGS) return { x, value, converged: true, hessian };
      length /= 2;
    }
    await onIteration?.(iteration, value);
  }
  return { x, value, converged: true, hessian };
}
