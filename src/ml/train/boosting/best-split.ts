import { gradientAt, hessianAt, type Packing, rowsAt, type Sums } from './entry.js';

/** What a leaf must hold, and how its score is kept from running away; in units of the round's derivatives. */
export interface SplitLimits {
  readonly minLeaf: number;
  /** L2 penalty λ on scores of leaves. */
  readonly l2: number;
  readonly minHessian: number;
}

/** Where the entries of a histogram are. */
export interface HistogramLayout {
  /** Bins of each column without the one for missing values. */
  readonly bins: readonly number[];
  /** Entries before each column's. */
  readonly offsets: readonly number[];
  readonly packing: Packing;
}

export interface BestSplit {
  readonly column: number;
  /** Rows in bins up to this one go left. */
  readonly bin: number;
  readonly missing: 'LEFT' | 'RIGHT' | 'NONE';
  /** Decrease of the second-order loss, times 2, in units of gradient² / hessian. */
  readonly gain: number;
  readonly left: Sums;
}

const WORDS = 4;
/** Gains below this share of a node's score are rounding errors. */
const MIN_GAIN = 1e-12;

/** G²/(H + λ): twice what the best score of these rows takes off the loss (Chen and Guestrin 2016, eq. 6). */
function scoreOf(gradient: number, hessian: number, l2: number): number {
  return (gradient * gradient) / (hessian + l2);
}

/** The sums over all bins of a column, and so over all rows. */
export function totalOf(words: Int32Array, { bins, packing }: HistogramLayout): Sums {
  let [gradient, hessian, rows] = [0, 0, 0];
  for (let at = 0; at <= bins[0]! * WORDS; at += WORDS) {
    gradient += gradientAt(words, at);
    hessian += hessianAt(words, at, packing);
    rows += rowsAt(words, at, packing);
  }
  return { gradient, hessian, rows };
}

/** The best division of a node by any column, the first one on a tie; undefined if none is worth it. */
export function findBestSplit(
  words: Int32Array,
  layout: HistogramLayout,
  node: Sums,
  limits: SplitLimits,
): BestSplit | undefined {
  if (node.rows < 2 * limits.minLeaf) return undefined;
  let best: BestSplit | undefined;
  for (let column = 0; column < layout.bins.length; column++) {
    const missingAt = (layout.offsets[column]! + layout.bins[column]!) * WORDS;
    const hasMissing = rowsAt(words, missingAt, layout.packing) > 0;
    for (const missing of hasMissing ? (['RIGHT', 'LEFT'] as const) : (['NONE'] as const)) {
      best = scanColumn(words, layout, column, node, limits, missing, best);
    }
  }
  return best;
}

/** Tries all thresholds of one column, with its missing rows on one side. */
function scanColumn(
  words: Int32Array,
  { bins, offsets, packing }: HistogramLayout,
  column: number,
  node: Sums,
  { minLeaf, l2, minHessian }: SplitLimits,
  missing: BestSplit['missing'],
  best: BestSplit | undefined,
): BestSplit | undefined {
  const base = scoreOf(node.gradient, node.hessian, l2);
  const first = offsets[column]! * WORDS;
  const missingAt = first + bins[column]! * WORDS;
  let [gradient, hessian, rows] = [0, 0, 0];
  if (missing === 'LEFT') {
    gradient = gradientAt(words, missingAt);
    hessian = hessianAt(words, missingAt, packing);
    rows = rowsAt(words, missingAt, packing);
  }
  let highest = (best?.gain ?? 0) + base + MIN_GAIN * Math.abs(base);
  let found = -1;
  let [foundGradient, foundHessian, foundRows] = [0, 0, 0];
  // The last threshold has all known rows on the left: worth trying only if missing ones are left for the right.
  const end = missing === 'RIGHT' ? missingAt : missingAt - WORDS;
  for (let at = first; at < end; at += WORDS) {
    const added = rowsAt(words, at, packing);
    if (added === 0) continue;
    gradient += gradientAt(words, at);
    hessian += hessianAt(words, at, packing);
    rows += added;
    if (rows < minLeaf || hessian < minHessian) continue;
    const rightHessian = node.hessian - hessian;
    if (node.rows - rows < minLeaf || rightHessian < minHessian) break;
    const score = scoreOf(gradient, hessian, l2) + scoreOf(node.gradient - gradient, rightHessian, l2);
    if (score <= highest) continue;
    highest = score;
    found = at;
    foundGradient = gradient;
    foundHessian = hessian;
    foundRows = rows;
  }
  if (found < 0) return best;
  const left = { gradient: foundGradient, hessian: foundHessian, rows: foundRows };
  return { column, bin: (found - first) / WORDS, missing, gain: highest - base, left };
}
