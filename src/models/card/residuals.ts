import { markup, type Markup, NOTHING } from '../../platform/page/markup.js';
import { count, figure } from '../../platform/page/numbers.js';
import { axisFromZero, niceTicks } from '../../platform/page/scale.js';
import type { Manifest } from '../artifact/manifest.js';
import { plotCard } from './curves.js';
import { type Axis, drawing, plotFrame } from './plot-frame.js';

type Residuals = Extract<NonNullable<Manifest['diagnostics']>, { task: 'REGRESSION' }>['residuals'];

/** How the errors are distributed: truth minus prediction. */
export function residualHistogram({ histogram, mean, deviation, rows }: Residuals): Markup {
  const { edges, counts } = histogram;
  const up = axisFromZero(Math.max(...counts), 4);
  const frame = plotFrame(spanAxis(edges[0]!, edges.at(-1)!, 'Truth − prediction'), {
    from: 0,
    to: up.end,
    ticks: up.ticks,
    title: 'Rows',
  });
  const { x, y } = frame;
  const bars = counts.map((rowsOf, i) => {
    const [left, right] = edges.length > i + 1 ? [x(edges[i]!), x(edges[i + 1]!)] : [x(edges[0]!), x(edges[0]!)];
    const title = `${figure(edges[i]!)} to ${figure(edges[i + 1] ?? edges[i]!)}: ${count(rowsOf)} rows`;
    return markup`<rect class="bar" x="${left + 0.5}" y="${y(rowsOf)}" width="${Math.max(1, right - left - 1)}" height="${y(0) - y(rowsOf)}"><title>${title}</title></rect>`;
  });
  const zero = edges[0]! <= 0 && edges.at(-1)! >= 0 ? markup`<path class="chance" d="${frame.upright(0)}"/>` : NOTHING;
  const content = markup`${frame.drawing}${bars}${zero}`;
  return plotCard(
    'Residuals',
    `Mean ${figure(mean)}, standard deviation ${figure(deviation)} on ${count(rows)} held-out rows. Outermost bars hold all that lies beyond.`,
    drawing('Histogram of the residuals on the held-out rows', content),
  );
}

/** Whether errors depend on what is predicted. */
export function residualPoints({ points, rows }: Residuals): Markup {
  const [across, up] = [points.map(([predicted]) => predicted), points.map(([, residual]) => residual)];
  const frame = plotFrame(
    spanAxis(Math.min(...across), Math.max(...across), 'Prediction'),
    spanAxis(Math.min(...up, 0), Math.max(...up, 0), 'Truth − prediction'),
  );
  const { x, y } = frame;
  const dots = points.map(([a, b]) => markup`<circle class="point" cx="${x(a)}" cy="${y(b)}" r="3.2"/>`);
  const level = markup`<path class="chance" d="${frame.level(0)}"/>`;
  const shown = points.length < rows ? `${count(points.length)} of ${count(rows)} held-out rows. ` : '';
  return plotCard(
    'Residuals by prediction',
    `${shown}A good model’s cloud lies level around the dashed line.`,
    drawing('Residuals by prediction on the held-out rows', markup`${frame.drawing}${level}${dots}`),
  );
}

function spanAxis(low: number, high: number, title: string): Axis {
  const margin = (high - low) * 0.03 || Math.abs(low) * 0.05 || 0.5;
  const [from, to] = [low - margin, high + margin];
  return { from, to, ticks: niceTicks(from, to, 5).ticks, title };
}
