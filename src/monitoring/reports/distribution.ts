import type { Binning, CategoricalBinning, NumericBinning } from '../../ml/statistics/binning.js';
import type { Counts } from '../../ml/statistics/drift/shares.js';
import type { ReportBar, ReportDistribution } from './report-document.js';

/** Bars within the range of training; those for what lies below, above or elsewhere come on top. */
const MOST_BARS = 17;
const DIGITS = 4;

/** Both distributions over bins that were merged until they can be drawn. */
export function distributionOf(binning: Binning, reference: Counts, current: Counts): ReportDistribution {
  const missing = { reference: reference[reference.length - 1]!, current: current[current.length - 1]! };
  if (binning.type === 'NUMERIC') return { kind: 'NUMERIC', bars: numericBars(binning, reference, current), missing };
  return { kind: 'CATEGORICAL', bars: categoricalBars(binning, reference, current), missing };
}

/**
 * Bins are quantiles, narrow where there are many rows: neighbours are merged until a bar is at least a seventeenth of the
 * range wide, so that what is drawn looks like the distribution. Up to seventeen bins stay as they are.
 */
function numericBars({ lower, upper }: NumericBinning, reference: Counts, current: Counts): ReportBar[] {
  const bins = upper.length;
  if (bins === 0) return openBars(0, reference, current);
  const bars: ReportBar[] = [];
  const width = bins > MOST_BARS ? (upper[bins - 1]! - lower) / MOST_BARS : 0;
  let start = 0;
  for (let bin = 0; bin < bins; bin++) {
    const from = start === 0 ? lower : upper[start - 1]!;
    if (upper[bin]! - from < width && bin < bins - 1) continue;
    const sums = { reference: sum(reference, start + 1, bin + 2), current: sum(current, start + 1, bin + 2) };
    bars.push({ label: interval(from, upper[bin]!), lower: from, upper: upper[bin]!, ...sums });
    start = bin + 1;
  }
  const [below, above] = openBars(lower, reference, current, upper[bins - 1], bins + 1);
  return [below!, ...bars, above!].filter(
    ({ lower: from, upper: to, ...rows }) => (from !== null && to !== null) || rows.reference + rows.current > 0,
  );
}

/** What lies below and above the range. */
function openBars(lower: number, reference: Counts, current: Counts, last = lower, above = 1): ReportBar[] {
  return [
    { label: `below ${shown(lower)}`, lower: null, upper: lower, reference: reference[0]!, current: current[0]! },
    {
      label: above === 1 ? `${shown(last)} or more` : `above ${shown(last)}`,
      lower: last,
      upper: null,
      reference: reference[above]!,
      current: current[above]!,
    },
  ];
}

/** The categories that are most frequent on either side, the others together, and those that training did not know. */
function categoricalBars({ categories }: CategoricalBinning, reference: Counts, current: Counts): ReportBar[] {
  const known = categories.length;
  const [rows, currentRows] = [Math.max(1, sum(reference, 0, known)), Math.max(1, sum(current, 0, known))];
  const share = (i: number): number => Math.max(reference[i]! / rows, current[i]! / currentRows);
  const order = categories.map((_, i) => i).sort((a, b) => share(b) - share(a));
  const bar = (label: string, positions: readonly number[]): ReportBar => ({
    label,
    lower: null,
    upper: null,
    reference: positions.reduce((total, i) => total + reference[i]!, 0),
    current: positions.reduce((total, i) => total + current[i]!, 0),
  });
  const bars = order.slice(0, MOST_BARS).map((i) => bar(categories[i]!, [i]));
  const others = order.slice(MOST_BARS);
  if (others.length > 0) bars.push(bar(`${others.length} others`, others));
  const unseen = bar('not seen in training', [known]);
  return unseen.reference + unseen.current > 0 ? [...bars, unseen] : bars;
}

function sum(counts: Counts, from: number, to: number): number {
  let total = 0;
  for (let i = from; i < to; i++) total += counts[i]!;
  return total;
}

function interval(from: number, to: number): string {
  return from === to ? shown(from) : `${shown(from)} to ${shown(to)}`;
}

function shown(value: number): string {
  return String(Number(value.toPrecision(DIGITS)));
}
