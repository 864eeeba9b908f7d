import { markup, type Markup, NOTHING } from './markup.js';
import { axisLabels } from './numbers.js';
import { niceTicks } from './scale.js';

const WIDTH = 280;
const [LEFT, RIGHT, MIDDLE] = [14, WIDTH - 14, 16];

/** A figure, how sure it is, and what it is held against. */
export interface Band {
  /** For screen readers. */
  readonly title: string;
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly mark: number | null;
}

/** A value as a dot in its confidence band, and what it is compared with as a line, on a scale around them. */
export function drawBand({ title, value, low, high, mark }: Band): Markup {
  const drawn = [value, low, high, mark].filter((bound) => bound !== null);
  if (value === null || drawn.length < 2) return NOTHING;
  const [least, most] = [Math.min(...drawn), Math.max(...drawn)];
  const margin = (most - least) * 0.2 || Math.abs(most) * 0.05 || 0.5;
  const [from, to] = [least - margin, most + margin];
  const x = (at: number): number => LEFT + ((at - from) / (to - from)) * (RIGHT - LEFT);
  const { ticks } = niceTicks(from, to, 3);
  const texts = axisLabels(ticks);
  const band =
    low === null || high === null
      ? NOTHING
      : markup`<rect class="band" x="${x(low)}" y="${MIDDLE - 6}" width="${Math.max(1, x(high) - x(low))}" height="12" rx="2"/>`;
  const line = mark === null ? NOTHING : markup`<path class="holdout" d="M${x(mark)} ${MIDDLE - 11}v22"/>`;
  return markup`<svg class="drawing" role="img" viewBox="0 0 ${WIDTH} 48"><title>${title}</title>${ticks.map((tick, i) => markup`<path class="grid" d="M${x(tick)} 2V32"/><text class="tick" x="${x(tick)}" y="45" text-anchor="middle">${texts[i]!}</text>`)}<path class="base" d="M${LEFT} ${MIDDLE}H${RIGHT}"/>${band}<circle class="dot" cx="${x(value)}" cy="${MIDDLE}" r="4.5"/>${line}</svg>`;
}
