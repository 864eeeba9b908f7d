/**
 * Benjamini and Hochberg's step-up correction (1995, Journal of the Royal Statistical Society B 57): declaring all
 * with an adjusted p-value ≤ α keeps the expected share of false ones among them at α or below, and the chance of any
 * false one, too, if none is true.
 *
 * @returns adjusted p-values in the order given.
 */
export function benjaminiHochberg(pValues: readonly number[]): number[] {
  const descending = pValues.map((_, i) => i).sort((a, b) => pValues[b]! - pValues[a]!);
  const adjusted = new Array<number>(pValues.length);
  let smallest = 1;
  descending.forEach((index, position) => {
    const rank = pValues.length - position;
    smallest = Math.min(smallest, (pValues[index]! * pValues.length) / rank);
    adjusted[index] = smallest;
  });
  return adjusted;
}
