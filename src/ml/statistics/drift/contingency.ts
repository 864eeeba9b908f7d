import { chiSquareSurvival, normalSurvival } from '../special-functions.js';
import { type Counts, occupiedGroups, sharesOf, totalOf } from './shares.js';

export interface TestResult {
  readonly statistic: number;
  readonly pValue: number;
  readonly effectSize: number;
}

/**
 * Pearson's chi-square test of homogeneity over the 2 × groups table of both samples (Pearson 1900), without Yates'
 * correction. Groups that are empty on both sides are left out. The effect size is Cramér's V (1946) of the two rows
 * of shares, √(½ Σ (p − q)² / (p + q)) in [0, 1]: as if both sides had equally many rows, so that it does not shrink
 * when one is much larger.
 *
 * @throws RangeError if a side has no rows or the numbers of groups differ.
 */
export function chiSquare(reference: Counts, current: Counts): TestResult {
  const p = sharesOf(reference);
  const q = sharesOf(current);
  if (p.length !== q.length) throw new RangeError(`${p.length} groups on one side but ${q.length} on the other`);
  const n = totalOf(reference);
  const m = totalOf(current);
  let statistic = 0;
  let effect = 0;
  for (let i = 0; i < p.length; i++) {
    if (reference[i]! + current[i]! === 0) continue;
    const squared = (p[i]! - q[i]!) ** 2;
    // Σ (observed − expected)² / expected over both cells of a column comes to n m (p − q)² / (rows in the column).
    statistic += (squared * n * m) / (reference[i]! + current[i]!);
    effect += squared / (p[i]! + q[i]!);
  }
  const groups = occupiedGroups(reference, current);
  const pValue = groups < 2 ? 1 : chiSquareSurvival(statistic, groups - 1);
  return { statistic, pValue, effectSize: Math.sqrt(effect / 2) };
}

/**
 * Two-sided z-test of two proportions with pooled variance (Fleiss, Levin and Paik 2003, ch. 3). The effect size is
 * Cohen's h (1988) in [0, π], 2 |asin √p − asin √q|: by convention 0.2 is small and 0.5 is medium, at any base rate.
 *
 * @param hits rows with the property among `rows` of the reference. @param currentHits likewise of the current rows.
 * @throws RangeError if a side has no rows.
 */
export function proportionTest(hits: number, rows: number, currentHits: number, currentRows: number): TestResult {
  if (rows === 0 || currentRows === 0) {
    throw new RangeError(`A test of proportions needs rows on both sides, not ${rows} and ${currentRows}`);
  }
  const p = hits / rows;
  const q = currentHits / currentRows;
  const pooled = (hits + currentHits) / (rows + currentRows);
  const deviation = Math.sqrt(pooled * (1 - pooled) * (1 / rows + 1 / currentRows));
  // Without deviation all rows of both sides are alike.
  const statistic = deviation === 0 ? 0 : (q - p) / deviation;
  const effectSize = 2 * Math.abs(Math.asin(Math.sqrt(p)) - Math.asin(Math.sqrt(q)));
  return { statistic, pValue: Math.min(1, 2 * normalSurvival(Math.abs(statistic))), effectSize };
}

/**
 * The same test on counts of a column with two values.
 * @throws RangeError if more than two groups hold rows, or a side has none.
 */
export function zTest(reference: Counts, current: Counts): TestResult {
  const occupied = Array.from(reference, (_, i) => i).filter((i) => reference[i]! + current[i]! > 0);
  if (occupied.length > 2) {
    throw new RangeError(`A z-test compares two values, but the column has ${occupied.length}: use chi_square instead`);
  }
  const first = occupied[0] ?? 0;
  return proportionTest(reference[first]!, totalOf(reference), current[first]!, totalOf(current));
}
