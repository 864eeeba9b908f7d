/** Value of a function at x; writes its gradient. */
export type Objective = (x: Float64Array, gradient: Float64Array) => Promise<number>;

export interface Minimum {
  readonly x: Float64Array;
  readonly value: number;
  readonly converged: boolean;
}

export interface MinimiseOptions {
  readonly maxIterations: number;
  /** Stop when no component of the gradient exceeds this. */
  readonly tolerance: number;
  readonly onIteration?: (iteration: number, value: number) => Promise<void>;
}

interface Pair {
  readonly step: Float64Array;
  readonly change: Float64Array;
  readonly curvature: number;
}

/** Past steps that stand in for the Hessian. */
const MEMORY = 10;
/** Share of the predicted decrease that a step must reach (Armijo). */
export const SUFFICIENT = 1e-4;
export const MAX_HALVINGS = 40;

/**
 * L-BFGS with backtracking for smooth convex functions (Nocedal and Wright, Numerical Optimization, 2nd ed.,
 * algorithms 7.4 and 7.5).
 */
export async function minimise(
  objective: Objective,
  start: Float64Array,
  { maxIterations, tolerance, onIteration }: MinimiseOptions,
): Promise<Minimum> {
  let x = start;
  let gradient = new Float64Array(x.length);
  let value = await objective(x, gradient);
  const pairs: Pair[] = [];
  for (let iteration = 1; largest(gradient) > tolerance; iteration++) {
    if (iteration > maxIterations) return { x, value, converged: false };
    const direction = descent(gradient, pairs);
    const slope = inner(direction, gradient);
    // Without curvature known yet, a unit step along the gradient could be far too long.
    let length = pairs.length > 0 ? 1 : 1 / Math.max(1, Math.sqrt(-slope));
    let next = moved(x, direction, length);
    const nextGradient = new Float64Array(x.length);
    let nextValue = await objective(next, nextGradient);
    for (let halving = 0; !(nextValue <= value + SUFFICIENT * length * slope + rounding(value)); halving++) {
      // No smaller value can be represented: this is the minimum as far as rounding lets it be seen.
      if (halving === MAX_HALVINGS) return { x, value, converged: true };
      length /= 2;
      next = moved(x, direction, length);
      nextValue = await objective(next, nextGradient);
    }
    remember(pairs, difference(next, x), difference(nextGradient, gradient));
    x = next;
    gradient = nextGradient;
    value = nextValue;
    await onIteration?.(iteration, value);
  }
  return { x, value, converged: true };
}

/** Differences below this are rounding errors of a sum over many rows, not a rise of the function. */
export function rounding(value: number): number {
  return 1e-13 * Math.abs(value);
}

export function largest(values: Float64Array): number {
  return values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
}

/** −H·gradient by the two-loop recursion. */
function descent(gradient: Float64Array, pairs: readonly Pair[]): Float64Array {
  const direction = gradient.map((g) => -g);
  const shares: number[] = [];
  for (const { step, change, curvature } of pairs.toReversed()) {
    const share = inner(step, direction) / curvature;
    shares.unshift(share);
    addScaled(direction, change, -share);
  }
  const newest = pairs.at(-1);
  if (newest) {
    const scale = newest.curvature / inner(newest.change, newest.change);
    direction.forEach((d, i) => (direction[i] = d * scale));
  }
  pairs.forEach(({ step, change, curvature }, i) => {
    addScaled(direction, step, shares[i]! - inner(change, direction) / curvature);
  });
  return direction;
}

function remember(pairs: Pair[], step: Float64Array, change: Float64Array): void {
  const curvature = inner(step, change);
  // Rounding near the minimum can make the curvature of a convex function look negative.
  if (!(curvature > 1e-12 * inner(change, change))) return;
  pairs.push({ step, change, curvature });
  if (pairs.length > MEMORY) pairs.shift();
}

function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function addScaled(target: Float64Array, values: Float64Array, factor: number): void {
  for (let i = 0; i < target.length; i++) target[i]! += factor * values[i]!;
}

function moved(x: Float64Array, direction: Float64Array, length: number): Float64Array {
  return x.map((value, i) => value + length * direction[i]!);
}

function difference(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value - b[i]!);
}
