import { fitted, shorten } from '../../platform/page/labels.js';
import { markup, type Markup, NOTHING } from '../../platform/page/markup.js';
import { axisLabels, count, figure, percent } from '../../platform/page/numbers.js';
import type { Distribution } from '../artifact/manifest.js';
import { drawing, WIDTH } from './plot-frame.js';

const [LEFT, RIGHT, TOP, BOTTOM] = [4, WIDTH - 4, 6, 112];
/** Bars over the range of a number, and categories, at most. */
const MOST_BARS = 32;
const MOST_CATEGORIES = 6;
const ROW = 23;
const LABELS = 128;

interface Bar {
  readonly from: number;
  readonly to: number;
  readonly rows: number;
}

/** How a column was distributed in the rows trained on; a boolean is a number with two values. */
export function referencePlot(
  name: string,
  { binning, counts }: NonNullable<Distribution>,
  isBoolean: boolean,
): Markup {
  const title = `Distribution of ${shorten(name)} in training`;
  if (binning.type === 'CATEGORICAL') return categories(title, binning.categories, counts);
  if (isBoolean) {
    const names = binning.upper.map((value) => (value === 0 ? 'no' : 'yes'));
    return categories(title, names, counts.slice(1, names.length + 1));
  }
  return drawing(title, histogram(mergedBars(binning.lower, binning.upper, counts)), BOTTOM + 24);
}

/** Bins are quantiles, narrow where there are many rows: neighbours are merged until a bar is wide enough to be seen. */
function mergedBars(lower: number, upper: readonly number[], counts: readonly number[]): Bar[] {
  const least = upper.length > MOST_BARS ? (upper.at(-1)! - lower) / MOST_BARS : 0;
  const bars: Bar[] = [];
  let from = lower;
  let rows = 0;
  upper.forEach((to, bin) => {
    rows += counts[bin + 1]!;
    if (to - from < least && bin < upper.length - 1) return;
    bars.push({ from, to, rows });
    from = to;
    rows = 0;
  });
  const [before, last] = bars.slice(-2);
  if (!before || !last || last.to - last.from >= least) return bars;
  return [...bars.slice(0, -2), { from: before.from, to: last.to, rows: before.rows + last.rows }];
}

/** Few values get even bars, each its own; many are drawn on a scale, the height a density. */
function histogram(bars: readonly Bar[]): Markup {
  const low = bars[0]!.from;
  const high = bars.at(-1)!.to;
  const isDiscrete = bars.length <= 12 || !(high > low);
  const slot = (RIGHT - LEFT) / bars.length;
  const x = (value: number): number => LEFT + ((value - low) / (high - low)) * (RIGHT - LEFT);
  const density = ({ from, to, rows }: Bar): number => (isDiscrete ? rows : rows / Math.max(to - from, 1e-300));
  const largest = Math.max(...bars.map(density), 1e-300);
  const shapes = bars.map((bar, i) => {
    const height = (density(bar) / largest) * (BOTTOM - TOP);
    const [left, width] = isDiscrete ? [LEFT + i * slot + 1, slot - 2] : [x(bar.from), x(bar.to) - x(bar.from)];
    const text = isDiscrete ? figure(bar.to, 4) : `${figure(bar.from, 4)} to ${figure(bar.to, 4)}`;
    return markup`<rect class="reference" x="${left}" y="${BOTTOM - height}" width="${Math.max(0.8, width - 0.6)}" height="${height}"><title>${`${text}: ${count(bar.rows)} rows`}</title></rect>`;
  });
  const [first, last] = axisLabels([low, high]);
  const ends = high > low ? [first!, last!] : [first!, ''];
  return markup`${shapes}<path class="base" d="M${LEFT} ${BOTTOM}H${RIGHT}"/><text class="tick" x="${LEFT}" y="${BOTTOM + 17}">${ends[0]!}</text><text class="tick" x="${RIGHT}" y="${BOTTOM + 17}" text-anchor="end">${ends[1]!}</text>`;
}

function categories(title: string, names: readonly string[], counts: readonly number[]): Markup {
  // The position after the categories holds those that were not kept.
  const known = counts.slice(0, names.length + 1).reduce((sum, rows) => sum + rows, 0);
  const sorted = names.map((name, i) => ({ name, rows: counts[i]! })).sort((a, b) => b.rows - a.rows);
  const shown = sorted.slice(0, sorted.length > MOST_CATEGORIES ? MOST_CATEGORIES - 1 : MOST_CATEGORIES);
  const rest = known - shown.reduce((sum, { rows }) => sum + rows, 0);
  const bars = rest > 0 ? [...shown, { name: `${count(sorted.length - shown.length)} others`, rows: rest }] : shown;
  const largest = Math.max(...bars.map(({ rows }) => rows), 1);
  const right = WIDTH - 62;
  const drawn = bars.map(({ name, rows }, i) => {
    const y = 4 + i * ROW;
    const width = (rows / largest) * (right - LABELS - 8);
    return markup`<text class="name" x="${LABELS}" y="${y + 14}" text-anchor="end">${fitted(name, LABELS, 12)}</text><rect class="reference" x="${LABELS + 8}" y="${y + 3}" width="${Math.max(0.8, width)}" height="14" rx="2"/><text class="tick" x="${WIDTH}" y="${y + 14}" text-anchor="end">${percent(known > 0 ? rows / known : 0)}</text>`;
  });
  return bars.length === 0 ? NOTHING : drawing(title, markup`${drawn}`, 8 + bars.length * ROW);
}
