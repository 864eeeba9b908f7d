import { type BinnedTable, ENTRY, type Histogram } from './histogram.js';

/** What a leaf must hold, and how its score is kept from running away. */
export interface Regularisation {
  readonly minLeaf: number;
  /** L2 penalty λ on scores of leaves. */
  readonly l2: number;
}

/** Sums over the rows of a node. */
export interface NodeSums {
  readonly gradient: number;
  readonly hessian: number;
  readonly rows: number;
}

export interface BestSplit {
  readonly column: number;
  /** Rows in bins up to this one go left. */
  readonly bin: number;
  readonly missing: 'LEFT' | 'RIGHT' | 'NONE';
  /** Decrease of the second-order loss, times 2. */
  readonly gain: number;
}

/** Least sum of second derivatives in a leaf: below it, scores are guesses. */
const MIN_HESSIAN = 1e-3;
/** Gains below this share of a node's score are rounding errors. */
const MIN_GAIN = 1e-12;

/** G²/(H + λ): twice what the best score of these rows takes off the loss (Chen and Guestrin 2016, eq. 6). */
export function scoreOf(gradient: number, hessian: number, l2: number): number {
  return (gradient * gradient) / (hessian + l2);
}

/** The best division of a node by any column, the first one on a tie; undefined if none is worth it. */
export function findBestSplit(
  histogram: Histogram,
  { bins, offsets }: BinnedTable,
  node: NodeSums,
  limits: Regularisation,
): BestSplit | undefined {
  if (node.rows < 2 * limits.minLeaf) return undefined;
  let best: BestSplit | undefined;
  for (let column = 0; column < bins.length; column++) {
    const place = { column, offset: offsets[column]!, bins: bins[column]! };
    const hasMissing = histogram[offsets[column + 1]! - 1]! > 0;
    for (const missing of hasMissing ? (['RIGHT', 'LEFT'] as const) : (['NONE'] as const)) {
      best = scanColumn(histogram, place, node, limits, missing, best);
    }
  }
  return best;
}

/** Tries all thresholds of one column, with its missing rows on one side. */
function scanColumn(
  histogram: Histogram,
  { column, offset, bins }: { readonly column: number; readonly offset: number; readonly bins: number },
  node: NodeSums,
  { minLeaf, l2 }: Regularisation,
  missing: BestSplit['missing'],
  best: BestSplit | undefined,
): BestSplit | undefined {
  const base = scoreOf(node.gradient, node.hessian, l2);
  const from = missing === 'LEFT' ? offset + bins * ENTRY : -1;
  let gradient = from < 0 ? 0 : histogram[from]!;
  let hessian = from < 0 ? 0 : histogram[from + 1]!;
  let rows = from < 0 ? 0 : histogram[from + 2]!;
  let highest = (best?.gain ?? 0) + base + MIN_GAIN * Math.abs(base);
  let found = -1;
  // The last threshold has all known rows on the left: worth trying only if missing ones are left for the right.
  const end = missing === 'RIGHT' ? bins : bins - 1;
  for (let bin = 0; bin < end; bin++) {
    const at = offset + bin * ENTRY;
    if (histogram[at + 2] === 0) continue;
    gradient += histogram[at]!;
    hessian += histogram[at + 1]!;
    rows += histogram[at + 2]!;
    if (rows < minLeaf || hessian < MIN_HESSIAN) continue;
    const rightHessian = node.hessian - hessian;
    if (node.rows - rows < minLeaf || rightHessian < MIN_HESSIAN) break;
    const score = scoreOf(gradient, hessian, l2) + scoreOf(node.gradient - gradient, rightHessian, l2);
    if (score <= highest) continue;
    highest = score;
    found = bin;
  }
  return found < 0 ? best : { column, bin: found, missing, gain: highest - base };
}
