import { chiSquareSurvival } from '../special-functions.js';
import { type Counts, occupiedGroups, type Shares, totalOf } from './shares.js';

/**
 * Population stability index Σ (p − q) ln(p / q) (Jeffreys' divergence 1946; Siddiqi 2006 for scorecards), natural log,
 * in [0, ∞). By convention ≥ 0.1 is a moderate and ≥ 0.25 a large shift; a normal one of δ σ gives about δ².
 * @param p shares of the reference. @param q of the current rows. Where one is 0, so must be the other.
 */
export function psi(p: Shares, q: Shares): number {
  return sum(p, q, (a, b) => (a === b ? 0 : (a - b) * Math.log(a / b)));
}

/**
 * Kullback–Leibler divergence of the current rows from the reference, Σ p ln(p / q), natural log, in [0, ∞). Shares are
 * made to sum to 1 again, after a filling, as scipy.stats.entropy does.
 * @param p shares of the reference. @param q of the current rows. Where one is 0, so must be the other.
 */
export function kl(p: Shares, q: Shares): number {
  const [ofP, ofQ] = [totalOf(p), totalOf(q)];
  return sum(p, q, (a, b) => (a === 0 ? 0 : (a / ofP) * Math.log(a / ofP / (b / ofQ))));
}

/**
 * Jensen–Shannon distance √((KL(p‖m) + KL(q‖m)) / 2) with m = (p + q) / 2 (Endres and Schindelin 2003), natural log, so
 * in [0, √ln 2 = 0.8326]. Zeros need no filling.
 */
export function jensenShannon(p: Shares, q: Shares): number {
  const toMean = (a: number, b: number): number => (a === 0 ? 0 : a * Math.log((2 * a) / (a + b)));
  return Math.sqrt(
    Math.max(
      0,
      sum(p, q, (a, b) => toMean(a, b) + toMean(b, a)),
    ) / 2,
  );
}

/** Hellinger distance √(½ Σ (√p − √q)²) (Hellinger 1909), in [0, 1]. Zeros need no filling. */
export function hellinger(p: Shares, q: Shares): number {
  return Math.sqrt(sum(p, q, (a, b) => (Math.sqrt(a) - Math.sqrt(b)) ** 2) / 2);
}

/**
 * P(a divergence this large or larger) if both sides come from one distribution. Close to equality every smooth
 * divergence is a multiple of Pearson's Σ (p − q)² / p, so that, scaled to it, divided by 1/n + 1/m it follows
 * chi-square with groups − 1 degrees of freedom (Salicrú et al. 1994, Journal of Multivariate Analysis 51; for PSI
 * Yurdakul and Naranjo 2020, Journal of Risk Model Validation 14). The factors: PSI 1, 2 KL, 8 JS², 8 Hellinger².
 *
 * @param pearson the divergence in units of Pearson's, that is, times its factor.
 */
export function divergencePValue(pearson: number, reference: Counts, current: Counts): number {
  const groups = occupiedGroups(reference, current);
  if (groups < 2) return 1;
  const noise = 1 / totalOf(reference) + 1 / totalOf(current);
  return chiSquareSurvival(Math.max(0, pearson) / noise, groups - 1);
}

function sum(p: Shares, q: Shares, term: (a: number, b: number) => number): number {
  if (p.length !== q.length) throw new RangeError(`${p.length} groups on one side but ${q.length} on the other`);
  let total = 0;
  for (let i = 0; i < p.length; i++) total += term(p[i]!, q[i]!);
  return total;
}
