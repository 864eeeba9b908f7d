import type { ReportBar } from '../report-document.js';
import { PLOT } from './canvas.js';
import { textWidth } from '../../../platform/page/labels.js';
import { axisLabels } from '../../../platform/page/numbers.js';
import { niceTicks } from '../../../platform/page/scale.js';
import { type Sides, sharesOf } from './shares.js';

/** A bar in its place. Its area on paper is its share of rows: the height is shares per unit of width. */
export interface PlacedBar {
  readonly bar: ReportBar;
  readonly x: number;
  readonly width: number;
  readonly open: boolean;
  /** Rows of each side per unit of width on paper. */
  readonly density: Sides;
}

interface AxisLabel {
  readonly x: number;
  readonly text: string;
}

export interface Histogram {
  readonly bars: readonly PlacedBar[];
  readonly labels: readonly AxisLabel[];
  /** Width on paper of which the vertical axis tells the share of rows. */
  readonly unit: number;
  /** What the vertical axis tells. */
  readonly caption: string;
}

/** Gap between the axis of numbers and the bars for what lies beyond its ends. */
const GAP = 8;
const NARROWEST = 2.5;

/**
 * Bars on an axis of numbers, with those that are open at an end standing apart. If most rows would stand in bars too
 * narrow to see (a long tail, a value of its own), every interval gets the same width and the axis says so.
 */
export function layOut(bars: readonly ReportBar[], rows: Sides): Histogram {
  return toScale(bars, rows) ?? evenlySpaced(bars, rows);
}

function toScale(bars: readonly ReportBar[], rows: Sides): Histogram | undefined {
  const inner = bars.filter(({ lower, upper }) => lower !== null && upper !== null);
  const below = openBar(bars[0], 'lower');
  const above = openBar(bars.at(-1), 'upper');
  const low = inner[0]?.lower ?? NaN;
  const high = inner.at(-1)?.upper ?? NaN;
  if (!inOrder(inner) || !(high - low > 0 && Number.isFinite(high - low))) return undefined;
  const belowWidth = openWidth(below, rows);
  const aboveWidth = openWidth(above, rows);
  const start = PLOT.left + (below ? belowWidth + GAP : 0);
  const scale = (PLOT.right - (above ? aboveWidth + GAP : 0) - start) / (high - low);
  if (!Number.isFinite(scale)) return undefined;
  const placed = inner.map((bar) => {
    return place(bar, start + (bar.lower! - low) * scale, (bar.upper! - bar.lower!) * scale, rows);
  });
  if (!visible(placed)) return undefined;
  const { step, ticks } = niceTicks(low, high, 5);
  const texts = axisLabels(ticks);
  const labels = ticks.map((tick, i) => ({ x: start + (tick - low) * scale, text: texts[i]! }));
  const all = [
    ...(below ? [place(below, PLOT.left, belowWidth, rows)] : []),
    ...placed,
    ...(above ? [place(above, PLOT.right - aboveWidth, aboveWidth, rows)] : []),
  ];
  const caption = `% of rows per ${axisLabels([step])[0]!}`;
  return { bars: all, labels: spaced([...endLabels(all), ...labels]), unit: step * scale, caption };
}

/** At least two bars, none of which begins before the one before it ends. */
function inOrder(inner: readonly ReportBar[]): boolean {
  const edges = inner.flatMap(({ lower, upper }) => [lower!, upper!]);
  return inner.length >= 2 && edges.every((edge, i) => i === 0 || edge >= edges[i - 1]!);
}

function evenlySpaced(bars: readonly ReportBar[], rows: Sides): Histogram {
  const shown = bars.filter((bar, i) => bar.reference + bar.current > 0 || (i > 0 && i < bars.length - 1));
  const width = (PLOT.right - PLOT.left) / Math.max(1, shown.length);
  const placed = shown.map((bar, i) => place(bar, PLOT.left + i * width, width, rows));
  return {
    bars: placed,
    labels: spaced(edgeLabels(placed)),
    unit: width,
    caption: '% of rows per interval (not to scale)',
  };
}

function place(bar: ReportBar, x: number, width: number, rows: Sides): PlacedBar {
  const { reference, current } = sharesOf(bar, rows);
  const density = { reference: reference / width, current: current / width };
  return { bar, x, width, open: bar.lower === null || bar.upper === null, density };
}

/** The bar at an end, if it is open there only and holds any row. */
function openBar(bar: ReportBar | undefined, end: 'lower' | 'upper'): ReportBar | undefined {
  if (!bar || bar[end] !== null || bar[end === 'lower' ? 'upper' : 'lower'] === null) return undefined;
  return bar.reference + bar.current > 0 ? bar : undefined;
}

/** An interval without an end has no width of its own: it gets one at which many rows don't tower over the others. */
function openWidth(bar: ReportBar | undefined, rows: Sides): number {
  if (!bar) return 0;
  const { reference, current } = sharesOf(bar, rows);
  return Math.min(Math.max(0.28 * (PLOT.right - PLOT.left) * Math.max(reference, current), 40), 90);
}

function visible(placed: readonly PlacedBar[]): boolean {
  let hidden = 0;
  for (const { width, density } of placed) {
    if (!(width > 0)) return false;
    if (width < NARROWEST) hidden += Math.max(density.reference, density.current) * width;
  }
  return hidden < 0.15;
}

function endLabels(placed: readonly PlacedBar[]): AxisLabel[] {
  return placed
    .filter(({ open }) => open)
    .map(({ bar, x, width }) => {
      const [edge] = axisLabels([(bar.lower ?? bar.upper)!]);
      return { x: x + width / 2, text: bar.lower === null ? `<\u00a0${edge!}` : `≥\u00a0${edge!}` };
    });
}

/** The edges between even bars; a bar for one value alone has that value below its middle. */
function edgeLabels(placed: readonly PlacedBar[]): AxisLabel[] {
  const edges = placed.flatMap(({ bar: { lower, upper }, x, width }, i) => {
    if (lower !== null && lower === upper) return [{ x: x + width / 2, value: lower }];
    const left = lower !== null ? [{ x, value: lower }] : [];
    return i === placed.length - 1 && upper !== null ? [...left, { x: x + width, value: upper }] : left;
  });
  const texts = axisLabels(edges.map(({ value }) => value));
  return edges.map(({ x }, i) => ({ x, text: texts[i]! }));
}

/** Leaves out labels that would touch one before them in the list. */
function spaced(labels: readonly AxisLabel[]): AxisLabel[] {
  const kept: (AxisLabel & { readonly half: number })[] = [];
  for (const label of labels) {
    const half = textWidth(label.text, 12) / 2 + 4;
    const inside = label.x + half < PLOT.width + 4 && label.x - half > -4;
    if (inside && kept.every((other) => Math.abs(other.x - label.x) >= other.half + half))
      kept.push({ ...label, half });
  }
  return kept;
}
