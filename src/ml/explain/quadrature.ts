/** Points and weights of a rule that integrates polynomials over [0, 1]. */
export interface Quadrature {
  readonly points: Float64Array;
  readonly weights: Float64Array;
}

const known = new Map<number, Quadrature>();

/**
 * Gauss–Legendre rule with n points, exact for polynomials up to degree 2n − 1. The points are the roots of the Legendre
 * polynomial, found by Newton's method from the usual cosine guess (Press et al., Numerical Recipes, 3rd ed., 4.6.1).
 */
export function gaussLegendre(n: number): Quadrature {
  let rule = known.get(n);
  if (!rule) known.set(n, (rule = compute(n)));
  return rule;
}

function compute(n: number): Quadrature {
  const points = new Float64Array(n);
  const weights = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let x = Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    let slope = 1;
    for (let round = 0; round < 100; round++) {
      const { value, derivative } = legendre(n, x);
      slope = derivative;
      const step = value / derivative;
      x -= step;
      if (Math.abs(step) < 1e-15) break;
    }
    points[i] = (1 - x) / 2;
    weights[i] = 1 / ((1 - x * x) * slope * slope);
  }
  return { points, weights };
}

/** The n-th Legendre polynomial and its derivative at x, by the three-term recurrence. */
function legendre(n: number, x: number): { value: number; derivative: number } {
  let before = 0;
  let value = 1;
  for (let k = 1; k <= n; k++) {
    const next = ((2 * k - 1) * x * value - (k - 1) * before) / k;
    before = value;
    value = next;
  }
  return { value, derivative: (n * (x * value - before)) / (x * x - 1) };
}
