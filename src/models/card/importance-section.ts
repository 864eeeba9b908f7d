import { fitted, shorten } from '../../platform/page/labels.js';
import { markup, type Markup, NOTHING } from '../../platform/page/markup.js';
import { axisLabels, count, figure, percent } from '../../platform/page/numbers.js';
import { niceTicks } from '../../platform/page/scale.js';
import type { Importance } from '../artifact/manifest.js';
import { metricTitle } from '../metric-words.js';

const MOST = 30;
const WIDTH = 760;
const LABELS = 210;
const LEFT = LABELS + 14;
const RIGHT = WIDTH - 104;
const TOP = 8;
const ROW = 30;

/** What each column is worth to the model, the most important first. */
export function importanceSection(importance: Importance | undefined): Markup {
  return markup`<section id="importance" aria-labelledby="importance-title"><h2 id="importance-title">Importance of columns</h2>
${importance ? measured(importance) : markup`<p>It was not measured when this version was trained.</p>`}</section>
`;
}

function measured({ metric, intact, rows, repeats, features }: Importance): Markup {
  const shown = features.slice(0, MOST);
  const more = features.length - shown.length;
  const hasGain = shown.some(({ gain }) => gain !== null);
  const gain = hasGain ? ' On the right, the share of what all splits of the trees gained.' : '';
  const rest = more > 0 ? markup`<p class="change">${count(more)} less important columns are not drawn.</p>` : NOTHING;
  return markup`<p>By how much the ${metricTitle(metric).toLowerCase()}, ${figure(intact)} with all columns intact, rises when a column is shuffled: mean and standard deviation of ${plainTimes(repeats)} on ${count(rows)} validation rows.${gain}</p>
<div class="card wide"><figure>${draw(shown, hasGain)}</figure>${rest}</div>`;
}

function plainTimes(repeats: number): string {
  return repeats === 1 ? 'one shuffle' : `${repeats} shuffles`;
}

function draw(features: Importance['features'], hasGain: boolean): Markup {
  const ends = features.flatMap(({ increase, deviation }) => [
    (increase ?? 0) - (deviation ?? 0),
    (increase ?? 0) + (deviation ?? 0),
  ]);
  const [low, high] = [Math.min(0, ...ends), Math.max(0, ...ends)];
  const [from, to] = low === high ? [0, 1] : [low, high + (high - low) * 0.02];
  const x = (value: number): number => LEFT + ((value - from) / (to - from)) * (RIGHT - LEFT);
  const bottom = TOP + features.length * ROW + 4;
  const { ticks } = niceTicks(from, to, 5);
  const texts = axisLabels(ticks);
  const grid = ticks.map(
    (tick, i) =>
      markup`<path class="${tick === 0 ? 'base' : 'grid'}" d="M${x(tick)} ${TOP}V${bottom}"/><text class="tick" x="${x(tick)}" y="${bottom + 16}" text-anchor="middle">${texts[i]!}</text>`,
  );
  const bars = features.map((feature, i) => drawBar(feature, TOP + i * ROW, { x, hasGain }));
  return markup`<svg class="drawing" role="img" viewBox="0 0 ${WIDTH} ${bottom + 22}"><title>Importance of columns</title>${grid}${bars}</svg>`;
}

interface Scale {
  readonly x: (value: number) => number;
  readonly hasGain: boolean;
}

function drawBar(
  { feature, increase, deviation, gain }: Importance['features'][number],
  y: number,
  { x, hasGain }: Scale,
): Markup {
  const middle = y + ROW / 2;
  const name = markup`<text class="name" x="${LABELS}" y="${middle + 4}" text-anchor="end">${fitted(feature, LABELS, 12)}</text>`;
  const value = increase === null ? 'not measured' : figure(increase);
  const side = hasGain && gain !== null ? ` · ${percent(gain)}` : '';
  const figures = markup`<text class="tick" x="${WIDTH}" y="${middle + 4}" text-anchor="end"><tspan class="value">${value}</tspan>${side}</text>`;
  if (increase === null) return markup`<g>${name}${figures}</g>`;
  const [left, right] = [Math.min(x(0), x(increase)), Math.max(x(0), x(increase))];
  const whisker =
    deviation === null || deviation === 0
      ? NOTHING
      : markup`<path class="whisker" d="M${x(increase - deviation)} ${middle}H${x(increase + deviation)}m0 -4v8M${x(increase - deviation)} ${middle - 4}v8"/>`;
  const title = `${shorten(feature)}: ${figure(increase)} ± ${figure(deviation ?? 0)}`;
  return markup`<g><title>${title}</title>${name}<rect class="bar" x="${left}" y="${y + 7}" width="${Math.max(1, right - left)}" height="${ROW - 14}" rx="2"/>${whisker}${figures}</g>`;
}
