import { markup, type Markup } from '../../platform/page/markup.js';
import { axisLabels } from '../../platform/page/numbers.js';

export const WIDTH = 400;
export const HEIGHT = 320;
const AREA = { left: 50, right: WIDTH - 14, top: 12, bottom: HEIGHT - 46 };

export interface Axis {
  readonly from: number;
  readonly to: number;
  readonly ticks: readonly number[];
  readonly title: string;
}

/** Two axes and what maps values to places between them. */
export interface PlotFrame {
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
  /** Paths through the whole plot at a value. */
  readonly level: (up: number) => Markup;
  readonly upright: (across: number) => Markup;
  readonly drawing: Markup;
}

export const SHARE_TICKS = [0, 0.2, 0.4, 0.6, 0.8, 1];

export function plotFrame(across: Axis, up: Axis): PlotFrame {
  const x = (value: number): number =>
    AREA.left + ((value - across.from) / (across.to - across.from)) * (AREA.right - AREA.left);
  const y = (value: number): number => AREA.bottom - ((value - up.from) / (up.to - up.from)) * (AREA.bottom - AREA.top);
  const [acrossTexts, upTexts] = [axisLabels(across.ticks), axisLabels(up.ticks)];
  const middle = (AREA.top + AREA.bottom) / 2;
  const drawing = markup`${up.ticks.map((tick, i) => markup`<path class="grid" d="M${AREA.left} ${y(tick)}H${AREA.right}"/><text class="tick" x="${AREA.left - 8}" y="${y(tick) + 4}" text-anchor="end">${upTexts[i]!}</text>`)}${across.ticks.map((tick, i) => markup`<path class="base" d="M${x(tick)} ${AREA.bottom}v4"/><text class="tick" x="${x(tick)}" y="${AREA.bottom + 18}" text-anchor="middle">${acrossTexts[i]!}</text>`)}<path class="base" d="M${AREA.left} ${AREA.bottom}H${AREA.right}"/><text class="caption" x="${(AREA.left + AREA.right) / 2}" y="${HEIGHT - 6}" text-anchor="middle">${across.title}</text><text class="caption" transform="rotate(-90 11 ${middle})" x="11" y="${middle}" text-anchor="middle">${up.title}</text>`;
  const level = (value: number): Markup => markup`M${AREA.left} ${y(value)}H${AREA.right}`;
  const upright = (value: number): Markup => markup`M${x(value)} ${AREA.top}V${AREA.bottom}`;
  return { x, y, level, upright, drawing };
}

/** A whole drawing with its name for screen readers. */
export function drawing(title: string, content: Markup, height = HEIGHT): Markup {
  return markup`<svg class="drawing" role="img" viewBox="0 0 ${WIDTH} ${height}"><title>${title}</title>${content}</svg>`;
}

/** A line through points. */
export function lineThrough(points: readonly (readonly [number, number])[], { x, y }: PlotFrame): Markup {
  return markup`${points.map(([a, b], i) => markup`${i === 0 ? 'M' : 'L'}${x(a)} ${y(b)}`)}`;
}
