import type { ReportBar } from '../report-document.js';
import { PLOT } from './canvas.js';
import { layOut, type PlacedBar } from './histogram-layout.js';
import { markup, type Markup, NOTHING } from '../../../platform/page/markup.js';
import { axisLabels } from '../../../platform/page/numbers.js';
import { axisFromZero } from '../../../platform/page/scale.js';
import { type Sides, sharesOf } from './shares.js';
import { barInWords } from './wording.js';

type Height = (density: number) => number;

/** The reference as filled bars, the current rows as an outline over them: one sees both, in grey, too. */
export function drawHistogram(all: readonly ReportBar[], rows: Sides): Markup {
  const { bars, labels, unit, caption } = layOut(all, rows);
  const largest = Math.max(0, ...bars.flatMap(({ density }) => [density.reference, density.current]));
  const axis = axisFromZero(100 * largest * unit, 3);
  const height: Height = (density) => ((100 * density * unit) / axis.end) * (PLOT.bottom - PLOT.top);
  const [closed, open] = [bars.filter((bar) => !bar.open), bars.filter((bar) => bar.open)];
  return markup`<text class="caption" x="${PLOT.left}" y="${PLOT.top - 12}">${caption}</text>
${gridLines(axis)}
${area('reference', bars, height)}${area('current', bars, height)}
<path class="outline" d="${outline(closed, height)}"/>${open.map((bar) => drawOpenEnd(bar, height))}
<path class="base" d="M${PLOT.left} ${PLOT.bottom}H${PLOT.right}"/>${labels.map(
    ({ x, text }) =>
      markup`<path class="base" d="M${x} ${PLOT.bottom}v4"/><text class="tick" x="${x}" y="${PLOT.bottom + 17}" text-anchor="middle">${text}</text>`,
  )}${bars.map((bar) => figures(bar, rows))}`;
}

function gridLines({ end, ticks }: { readonly end: number; readonly ticks: readonly number[] }): Markup[] {
  const texts = axisLabels(ticks);
  return ticks.map((tick, i) => {
    const y = PLOT.bottom - (tick / end) * (PLOT.bottom - PLOT.top);
    return markup`<path class="grid" d="M${PLOT.left} ${y}H${PLOT.right}"/><text class="tick" x="${PLOT.left - 7}" y="${y + 4}" text-anchor="end">${texts[i]!}</text>`;
  });
}

/** The bars of one side as one shape. */
function area(side: keyof Sides, bars: readonly PlacedBar[], height: Height): Markup {
  const filled = bars.filter(({ density }) => density[side] > 0);
  if (filled.length === 0) return NOTHING;
  const shape = filled.map(({ x, width, density, open }) => {
    const gap = side === 'reference' && width > 4 && !open ? 0.4 : 0;
    return markup`M${x + gap} ${PLOT.bottom}V${PLOT.bottom - height(density[side])}H${x + width - gap}V${PLOT.bottom}z`;
  });
  return markup`<path class="${side}" d="${shape}"/>`;
}

/** Over the whole height of the plot, so that a browser shows the bar's figures wherever the pointer rests. */
function figures({ bar, x, width }: PlacedBar, rows: Sides): Markup {
  return markup`<path class="hit" d="M${x} ${PLOT.top}h${width}V${PLOT.bottom}h${-width}z"><title>${barInWords(bar, sharesOf(bar, rows))}</title></path>`;
}

/** Steps along the tops of the current bars, down to the axis at both ends. */
function outline(bars: readonly PlacedBar[], height: Height): Markup {
  if (bars.length === 0 || bars.every(({ density }) => density.current === 0)) return markup`M0 0`;
  const last = bars.at(-1)!;
  const steps = bars.map(({ x, width, density }) => {
    return markup`V${PLOT.bottom - height(density.current)}H${x + width}`;
  });
  return markup`M${bars[0]!.x} ${PLOT.bottom}${steps}V${PLOT.bottom}H${last.x + last.width}`;
}

/** Dashed, with an arrow to where the interval goes on: its area counts, its width says nothing. */
function drawOpenEnd({ bar, x, width, density }: PlacedBar, height: Height): Markup {
  const top = PLOT.bottom - height(density.current);
  const current =
    density.current > 0
      ? markup`<path class="outline open" d="M${x} ${PLOT.bottom}V${top}H${x + width}V${PLOT.bottom}"/>`
      : NOTHING;
  const middle = x + width / 2;
  const way = bar.lower === null ? -1 : 1;
  const y = Math.max(PLOT.top + 4, PLOT.bottom - Math.max(height(density.current), height(density.reference)) - 9);
  return markup`${current}<path class="arrow" d="M${middle - 8 * way} ${y}h${16 * way}m${-4 * way} -4l${4 * way} 4l${-4 * way} 4"/>`;
}
