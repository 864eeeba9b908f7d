import type { ReportBar } from '../report-document.js';
import { WIDTH } from './canvas.js';
import { fitted } from '../../../platform/page/labels.js';
import { markup, type Markup } from '../../../platform/page/markup.js';
import { axisLabels, percent } from '../../../platform/page/numbers.js';
import { axisFromZero } from '../../../platform/page/scale.js';
import { type Sides, sharesOf } from './shares.js';
import { barInWords } from './wording.js';

const TOP = 54;
const ROW = 25;
const BAR = 8;
const LABELS = 108;
const LEFT = LABELS + 8;
const RIGHT = WIDTH - 98;

/** More than these are drawn as one bar. */
const MOST = 24;

/** A pair of bars a category, the reference above, with both shares in figures beside them. */
export function drawCategories(all: readonly ReportBar[], rows: Sides): { drawing: Markup; bottom: number } {
  const bars = gathered(all);
  const bottom = TOP + bars.length * ROW;
  const largest = Math.max(0, ...bars.map((bar) => largerOf(sharesOf(bar, rows))));
  const { end, ticks } = axisFromZero(100 * largest, 3);
  const length = (share: number): number => ((100 * share) / end) * (RIGHT - LEFT);
  const texts = axisLabels(ticks);
  const drawing = markup`<text class="caption" x="${LEFT}" y="${TOP - 12}">% of rows</text>
${ticks.map((tick, i) => {
  const x = LEFT + (tick / end) * (RIGHT - LEFT);
  return markup`<path class="${i === 0 ? 'base' : 'grid'}" d="M${x} ${TOP - 2}V${bottom}"/><text class="tick" x="${x}" y="${bottom + 15}" text-anchor="middle">${texts[i]!}</text>`;
})}
${bars.map((bar, i) => drawPair(bar, sharesOf(bar, rows), TOP + i * ROW, length))}`;
  return { drawing, bottom };
}

function largerOf({ reference, current }: Sides): number {
  return Math.max(reference, current);
}

function gathered(bars: readonly ReportBar[]): readonly ReportBar[] {
  if (bars.length <= MOST) return bars;
  const rest = bars.slice(MOST - 1);
  const sum = (side: keyof Sides): number => rest.reduce((total, bar) => total + bar[side], 0);
  const label = `${rest.length} others`;
  const others = { label, lower: null, upper: null, reference: sum('reference'), current: sum('current') };
  return [...bars.slice(0, MOST - 1), others];
}

function drawPair(bar: ReportBar, shares: Sides, y: number, length: (share: number) => number): Markup {
  const pair = (['reference', 'current'] as const).map((side, i) => {
    const width = length(shares[side]);
    return markup`<rect class="${side} solid" x="${LEFT}" y="${y + 3 + i * (BAR + 1)}" width="${width}" height="${BAR}"/>`;
  });
  const label = fitted(bar.label === '' ? '(empty)' : bar.label, LABELS, 12);
  return markup`<g><title>${barInWords(bar, shares)}</title><rect class="hit" x="0" y="${y}" width="${WIDTH}" height="${ROW}"/><text class="name" x="${LABELS}" y="${y + 16}" text-anchor="end">${label}</text>${pair}<text class="tick" x="${WIDTH}" y="${y + 16}" text-anchor="end">${percent(shares.reference)} → <tspan class="value">${percent(shares.current)}</tspan></text></g>`;
}
