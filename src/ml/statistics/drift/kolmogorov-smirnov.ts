import { kolmogorovSurvival } from '../kolmogorov.js';
import { ascending } from './samples.js';

export interface KolmogorovSmirnov {
  /** D, the largest distance of the two empirical distribution functions: the effect size. */
  readonly distance: number;
  /** P(D or larger) if both samples come from one distribution; two-sided. */
  readonly pValue: number;
}

/** Up to as many rows in both samples the p-value is exact, as in scipy. */
const EXACT_ROWS = 10_000;
/** Points of the lattice that an exact p-value may visit, about 20 ms. Beyond, p is below 1e-15 for such samples. */
const MOST_POINTS = 12_000_000;

/**
 * Two-sample Kolmogorov–Smirnov test, as scipy.stats.ks_2samp(method="auto"): exact while both samples have at most
 * 10,000 values, otherwise Kolmogorov's one-sample distribution at n m / (n + m), rounded. Ties make it conservative.
 * One exception: where the exact p-value of unequal sizes would hold up the process, it is below 1e-15 (large D in large
 * samples), and the one-sample distribution stands in for it, too: it tells its order of magnitude.
 *
 * @param reference finite values, any order. @param current likewise.
 * @throws RangeError if a sample is empty or not finite.
 */
export function ks(reference: Float64Array, current: Float64Array): KolmogorovSmirnov {
  const n = reference.length;
  const m = current.length;
  const steps = largestStep(ascending(reference), ascending(current));
  const distance = steps / leastCommonMultiple(n, m);
  if (Math.max(n, m) <= EXACT_ROWS) {
    if (n === m) return { distance, pValue: equalSizeSurvival(n, steps) };
    if (2 * n * m * distance <= MOST_POINTS) return { distance, pValue: pathSurvival(n, m, steps) };
  }
  return { distance, pValue: kolmogorovSurvival(Math.round((n * m) / (n + m)), distance) };
}

/** D in units of 1 / lcm(n, m), which makes it an integer and comparisons exact. */
function largestStep(first: Float64Array, second: Float64Array): number {
  const lcm = leastCommonMultiple(first.length, second.length);
  const up = lcm / first.length;
  const down = lcm / second.length;
  let i = 0;
  let j = 0;
  let largest = 0;
  while (i < first.length && j < second.length) {
    const value = Math.min(first[i]!, second[j]!);
    while (first[i] === value) i++;
    while (second[j] === value) j++;
    largest = Math.max(largest, Math.abs(i * up - j * down));
  }
  return largest;
}

/**
 * P(D ≥ h/n) for two samples of n: 2 [C(2n, n − h) − C(2n, n − 2h) + …] / C(2n, n) (Gnedenko and Korolyuk 1951), nested
 * so that nothing cancels: 2 A₁ (1 − A₂ (1 − A₃ …)) with Aₖ = C(2n, n − k h) / C(2n, n − (k − 1) h).
 */
function equalSizeSurvival(n: number, h: number): number {
  if (h === 0) return 1;
  let nested = 0;
  for (let k = Math.floor(n / h); k >= 1; k--) {
    let ratio = 1;
    for (let i = (k - 1) * h; i < k * h; i++) ratio *= (n - i) / (n + i + 1);
    nested = ratio * (1 - nested);
  }
  return Math.min(1, 2 * nested);
}

/**
 * P(D ≥ h / lcm(n, m)) as the share of lattice paths from (0, 0) to (n, m) that touch |i m − j n| ≥ h gcd(n, m). The
 * share A(i, j) of paths to a point inside is the mean of its two predecessors', weighted by i and j; outside it is 1.
 * Every term is positive, so that small p-values keep their digits (Viehmann 2021, arXiv:2102.08037).
 */
function pathSurvival(n: number, m: number, h: number): number {
  const lcm = leastCommonMultiple(n, m);
  const up = lcm / n;
  const down = lcm / m;
  const inverse = Float64Array.from({ length: n + m + 1 }, (_, sum) => (sum === 0 ? 0 : 1 / sum));
  // Row i of A; entries that no row has reached yet lie above the band and so are outside.
  const touched = new Float64Array(m + 1).fill(1);
  for (let i = 0; i <= n; i++) {
    const lowest = Math.max(0, Math.floor((i * up - h) / down) + 1);
    const highest = Math.min(m, Math.ceil((i * up + h) / down) - 1);
    let left = 1;
    for (let j = lowest; j <= highest; j++) {
      const share = inverse[i + j]!;
      left = i * share * touched[j]! + j * share * left;
      touched[j] = left;
    }
  }
  return h === 0 ? 1 : Math.min(1, touched[m]!);
}

function leastCommonMultiple(a: number, b: number): number {
  let [divisor, rest] = [a, b];
  while (rest > 0) [divisor, rest] = [rest, divisor % rest];
  return (a / divisor) * b;
}
