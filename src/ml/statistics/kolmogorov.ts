import { logGamma } from './special-functions.js';

/**
 * P(Dₙ ≥ d) of Kolmogorov's statistic, the largest distance between the empirical distribution function of n values and
 * the continuous one that they come from. Chooses between three methods as Simard and L'Ecuyer (2011, Journal of
 * Statistical Software 39(11)) advise, and agrees with scipy.stats.kstwo.sf to 9 digits up to n = 20,000. The tail costs
 * a sum of n terms.
 *
 * @param n number of values. @param d in [0, 1].
 * @throws RangeError unless n is a positive integer and d a number.
 */
export function kolmogorovSurvival(n: number, d: number): number {
  if (!Number.isInteger(n) || n < 1 || Number.isNaN(d)) {
    throw new RangeError(`Kolmogorov's distribution needs a positive integer n and a number d, not ${n} and ${d}`);
  }
  if (n * d <= 0.5) return 1;
  if (d >= 1) return 0;
  const tailFrom = n <= 140 ? 4 : 2.2;
  if (d >= 0.5 || n * d * d >= tailFrom) return Math.min(1, 2 * oneSidedSurvival(n, d));
  const exact = n <= 140 || (n <= 100_000 && n * d ** 1.5 <= 1.4);
  const cdf = exact ? durbinMatrix(n, d) : pelzGood(n, d);
  return Math.min(1, Math.max(0, 1 - cdf));
}

/**
 * P(Dₙ⁺ ≥ d) = d Σⱼ C(n, j) (d + j/n)^(j − 1) (1 − d − j/n)^(n − j) over j ≤ n (1 − d) (Birnbaum and Tingey 1951).
 * Twice this is P(Dₙ ≥ d), exactly for d ≥ 1/2 and up to P(both sides), which is far below it, in the tail.
 */
function oneSidedSurvival(n: number, d: number): number {
  const logFactorial = logGamma(n + 1);
  let sum = 0;
  for (let j = 0; j <= n * (1 - d); j++) {
    const below = d + j / n;
    const above = Math.max(0, 1 - below);
    const logChoose = logFactorial - logGamma(j + 1) - logGamma(n - j + 1);
    sum += Math.exp(logChoose + (j - 1) * Math.log(below) + (n - j) * Math.log(above));
  }
  return d * sum;
}

/**
 * P(Dₙ < d) = n!/nⁿ · (Hⁿ)ₖₖ with d = (k − h)/n and H of order 2k − 1 (Durbin 1968; Marsaglia, Tsang and Wang 2003,
 * Journal of Statistical Software 8(18)). Exact, but of cost k³ log n.
 */
function durbinMatrix(n: number, d: number): number {
  const k = Math.ceil(n * d);
  const order = 2 * k - 1;
  const { matrix, exponent } = matrixPower(durbinStep(order, k - n * d), order, n);
  const logScale = logGamma(n + 1) - n * Math.log(n) + exponent * Math.LN2;
  return matrix[middleOf(order)]! * Math.exp(logScale);
}

/** H: 1/(i − j + 1)! on and below the first superdiagonal, corrected by powers of h in its first column and last row. */
function durbinStep(order: number, h: number): Float64Array {
  const inverseFactorial = new Float64Array(order + 1).fill(1);
  for (let i = 1; i <= order; i++) inverseFactorial[i] = inverseFactorial[i - 1]! / i;
  const step = new Float64Array(order * order);
  for (let i = 0; i < order; i++) {
    for (let j = 0; j <= Math.min(i + 1, order - 1); j++) step[i * order + j] = inverseFactorial[i - j + 1]!;
  }
  for (let i = 0; i < order; i++) {
    const correction = h ** (i + 1) * inverseFactorial[i + 1]!;
    step[i * order]! -= correction;
    step[order * order - 1 - i]! -= correction;
  }
  step[(order - 1) * order]! += Math.max(2 * h - 1, 0) ** order * inverseFactorial[order]!;
  return step;
}

/** matrix · 2^exponent is the power, by repeated squaring; its middle is kept near 1, lest numbers overflow. */
function matrixPower(base: Float64Array, order: number, power: number): { matrix: Float64Array; exponent: number } {
  if (power === 1) return { matrix: base, exponent: 0 };
  const half = matrixPower(base, order, power >> 1);
  let matrix = matrixProduct(half.matrix, half.matrix, order);
  if (power % 2 === 1) matrix = matrixProduct(base, matrix, order);
  const shift = Math.floor(Math.log2(matrix[middleOf(order)]!));
  return { matrix: matrix.map((value) => value * 2 ** -shift), exponent: 2 * half.exponent + shift };
}

function middleOf(order: number): number {
  return (order * order - 1) / 2;
}

function matrixProduct(a: Float64Array, b: Float64Array, order: number): Float64Array {
  const product = new Float64Array(order * order);
  for (let i = 0; i < order; i++) {
    for (let k = 0; k < order; k++) {
      const factor = a[i * order + k]!;
      if (factor === 0) continue;
      for (let j = 0; j < order; j++) product[i * order + j]! += factor * b[k * order + j]!;
    }
  }
  return product;
}

/**
 * P(Dₙ ≤ d) up to terms of order n⁻² (Pelz and Good 1976, Journal of the Royal Statistical Society B 38(2)):
 * K₀(z) + K₁(z)/√n + K₂(z)/n + K₃(z)/n^1.5 with z = d √n. Their sums run over u = (π (2k − 1) / 2)² and v = (π k)².
 */
function pelzGood(n: number, d: number): number {
  const z2 = n * d * d;
  const z = Math.sqrt(z2);
  const z4 = z2 * z2;
  const z6 = z4 * z2;
  const z8 = z4 * z4;
  const sums = new Float64Array(4);
  // Beyond, all terms are below double precision.
  const terms = Math.ceil((16 * z) / Math.PI);
  for (let k = terms; k >= 1; k--) {
    const u = (Math.PI * (k - 0.5)) ** 2;
    const weight = Math.exp(-u / (2 * z2));
    const k2 = 6 * z6 + 2 * z4 + (2 * z4 - 5 * z2) * u + (1 - 2 * z2) * u ** 2;
    const low3 = -30 * z6 - 90 * z8 + (135 * z4 - 96 * z6) * u;
    const k3 = low3 + (212 * z4 - 60 * z2) * u ** 2 + (5 - 30 * z2) * u ** 3;
    const v = (Math.PI * k) ** 2;
    const evenWeight = Math.exp(-v / (2 * z2));
    sums[0]! += weight / z;
    sums[1]! += (weight * (u - z2)) / (6 * z4);
    sums[2]! += (weight * k2) / (72 * z6 * z) - (evenWeight * v) / (36 * z2 * z);
    sums[3]! += (weight * k3) / (6480 * z8 * z2) + (evenWeight * (3 * z2 - v) * v) / (216 * z6);
  }
  return Math.sqrt(2 * Math.PI) * sums.reduce((total, sum, i) => total + sum / n ** (i / 2), 0);
}
