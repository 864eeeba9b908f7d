/** Rows by group, in the same order of groups on both sides. */
export type Counts = ArrayLike<number>;

/** Shares of rows by group; they sum to 1, or nearly so once zeros have been filled. */
export type Shares = Float64Array;

/** @throws RangeError without any row. */
export function sharesOf(counts: Counts): Shares {
  const rows = totalOf(counts);
  if (rows === 0) throw new RangeError('Shares need at least one counted row');
  const shares = new Float64Array(counts.length);
  for (let i = 0; i < shares.length; i++) shares[i] = counts[i]! / rows;
  return shares;
}

/**
 * Shares with half a row in place of each group that is empty here but not on the other side: a group that is empty
 * among n rows may well hold a share of 1/2n, but not 0, at which PSI and KL are infinite (the 1/2 is Haldane's and
 * Anscombe's correction of log odds, 1956).
 * @throws RangeError without any row.
 */
export function filledShares(counts: Counts, other: Counts): Shares {
  const shares = sharesOf(counts);
  const halfRow = 0.5 / totalOf(counts);
  for (let i = 0; i < shares.length; i++) if (shares[i] === 0 && other[i]! > 0) shares[i] = halfRow;
  return shares;
}

export function totalOf(counts: Counts): number {
  let total = 0;
  for (let i = 0; i < counts.length; i++) total += counts[i]!;
  return total;
}

/** Groups with rows on either side; others say nothing. */
export function occupiedGroups(reference: Counts, current: Counts): number {
  let occupied = 0;
  for (let i = 0; i < reference.length; i++) if (reference[i]! + current[i]! > 0) occupied++;
  return occupied;
}
