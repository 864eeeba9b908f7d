import type { ReportColumn, ReportDistribution } from '../report-document.js';
import { PLOT, WIDTH } from './canvas.js';
import { drawCategories } from './category-bars.js';
import { shorten, textWidth } from '../../../platform/page/labels.js';
import { markup, Markup, NOTHING } from '../../../platform/page/markup.js';
import { drawHistogram } from './numeric-histogram.js';
import { count, percent } from '../../../platform/page/numbers.js';
import { allRows, knownRows, type Sides, sharesOf } from './shares.js';
import { DRAWING_STYLE } from '../../../platform/page/style.js';
import { changeInWords } from './wording.js';

/** A column's two distributions as an SVG document that stands alone, in light and dark. */
export function drawDistribution(column: ReportColumn): string {
  const style = new Markup(DRAWING_STYLE);
  return draw(column, markup` xmlns="http://www.w3.org/2000/svg"`, markup`<style>${style}</style>`).source;
}

/** The same drawing to stand in a page, whose style sheet holds the drawing's. */
export function distributionInPage(column: ReportColumn): Markup {
  return draw(column, NOTHING, NOTHING);
}

function draw({ name, distribution }: ReportColumn, attributes: Markup, style: Markup): Markup {
  const title = `Distribution of ${shorten(name)}: reference and current rows`;
  const { body, height } = distribution ? drawBoth(distribution) : { body: emptyWindow(), height: 96 };
  const description = distribution ? changeInWords(distribution) : 'No distribution was counted.';
  return markup`<svg${attributes} class="drawing" role="img" viewBox="0 0 ${WIDTH} ${height}"><title>${title}</title><desc>${description}</desc>${style}${body}</svg>`;
}

function emptyWindow(): Markup {
  return markup`<rect class="nothing" x="1" y="1" width="${WIDTH - 2}" height="94" rx="6"/><text class="tick" x="${WIDTH / 2}" y="53" text-anchor="middle">No rows to draw</text>`;
}

function drawBoth(distribution: ReportDistribution): { body: Markup; height: number } {
  const known = knownRows(distribution);
  const { drawing, bottom } = drawBars(distribution, known);
  const missing = drawMissing(distribution, bottom + 38);
  return { body: markup`${legend(allRows(distribution))}${drawing}${missing.drawing}`, height: missing.bottom };
}

function drawBars({ kind, bars }: ReportDistribution, rows: Sides): { drawing: Markup; bottom: number } {
  return kind === 'NUMERIC' ? { drawing: drawHistogram(bars, rows), bottom: PLOT.bottom } : drawCategories(bars, rows);
}

function legend(rows: Sides): Markup {
  const reference = `Reference · ${count(rows.reference)} rows`;
  const x = 34 + textWidth(reference, 12);
  return markup`<rect class="reference solid" x="0" y="4" width="12" height="12" rx="2"/><text class="name" x="18" y="14.5">${reference}</text><rect class="current key" x="${x}" y="5" width="11" height="10" rx="2"/><text class="name" x="${x + 18}" y="14.5">Current · ${count(rows.current)} rows</text>`;
}

/** Missing rows stand apart, as shares of all rows on a bar from none to all. */
function drawMissing(distribution: ReportDistribution, y: number): { drawing: Markup; bottom: number } {
  const { missing } = distribution;
  if (missing.reference + missing.current === 0) return { drawing: NOTHING, bottom: y - 14 };
  const shares = sharesOf(missing, allRows(distribution));
  const [left, right] = [LEFT_OF_MISSING, WIDTH - 98];
  const bars = (['reference', 'current'] as const).map((side, i) => {
    const top = y + 3 + i * 9;
    return markup`<rect class="track" x="${left}" y="${top}" width="${right - left}" height="8"/><rect class="${side} solid" x="${left}" y="${top}" width="${(right - left) * shares[side]}" height="8"/>`;
  });
  const figures = markup`${percent(shares.reference)} → <tspan class="value">${percent(shares.current)}</tspan>`;
  return {
    drawing: markup`<g class="missing"><title>Missing: ${percent(shares.reference)} of all rows in the reference, ${percent(shares.current)} in the window</title><text class="name" x="${left - 8}" y="${y + 16}" text-anchor="end">Missing</text>${bars}<text class="tick" x="${WIDTH}" y="${y + 16}" text-anchor="end">${figures}</text></g>`,
    bottom: y + 28,
  };
}

const LEFT_OF_MISSING = 116;
