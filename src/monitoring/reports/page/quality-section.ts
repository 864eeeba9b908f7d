import type { QualityEstimate, QualityMetric, WindowQuality } from '../report-document.js';
import { shorten } from '../../../platform/page/labels.js';
import { markup, type Markup, NOTHING } from '../../../platform/page/markup.js';
import { count, percent, plural } from '../../../platform/page/numbers.js';
import { metricFigure, metricTitle } from '../../../models/metric-words.js';
import { drawBand } from '../../../platform/page/band.js';
import { qualityReading } from './wording.js';

/** Longest sentence of another part of Boucle that the page repeats. */
const SENTENCE = 600;

/** How good the answers were, as far as that is known. */
export function qualitySection(quality: WindowQuality | null): Markup {
  return markup`<section id="quality" aria-labelledby="quality-title"><h2 id="quality-title">Quality</h2>
${quality ? measured(quality) : markup`<p>Quality was not looked at in this window.</p>`}</section>
`;
}

function measured(quality: WindowQuality): Markup {
  const { metrics, notes, estimate } = quality;
  return markup`<p>How good the answers were, where their outcomes are known, beside what the version reached on its holdout.</p>
<div class="card">${coverage(quality)}${metrics.length > 0 ? metricsTable(quality) : NOTHING}${notes.length > 0 ? markup`<div class="aside"><ul>${notes.map((note) => markup`<li>${shorten(note, SENTENCE)}</li>`)}</ul></div>` : NOTHING}${estimate ? estimated(estimate) : NOTHING}</div>`;
}

function coverage({ predictions, labelled, rows }: WindowQuality): Markup {
  const share = predictions > 0 ? labelled / predictions : 0;
  const sample = rows < labelled ? ` The metrics are those of a sample of ${count(rows)}.` : '';
  return markup`<h3>Outcomes of ${percent(share)} of the predictions</h3><svg class="rows" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect class="rest" width="100" height="10" rx="1"/><rect class="done" width="${100 * Math.min(1, share)}" height="10" rx="1"/></svg><p class="change">${count(labelled)} of ${plural(predictions, 'prediction')} have an outcome.${sample}</p>`;
}

function metricsTable({ metrics, confidence }: WindowQuality): Markup {
  const band = `${percent(confidence)} band`;
  return markup`<table class="metrics"><caption class="hidden">Metrics of the window and of the holdout</caption><thead><tr><th scope="col">Metric</th><th scope="col">Window (dot, ${band}) and holdout (line)</th><th scope="col">Window</th><th scope="col">${band}</th><th scope="col">Holdout</th><th scope="col">Reading</th></tr></thead><tbody>${metrics.map((metric) => metricRow(metric, band))}</tbody></table>`;
}

function metricRow(metric: QualityMetric, band: string): Markup {
  const { name, higherIsBetter, value, low, high, holdout } = metric;
  const bounds = low === null || high === null ? '–' : `${metricFigure(low)} to ${metricFigure(high)}`;
  return markup`<tr><th scope="row">${metricTitle(name)}<small>${higherIsBetter ? 'higher' : 'lower'} is better</small></th><td class="plot">${drawBand(bandOf(metric))}</td><td data-label="Window">${metricFigure(value)}</td><td data-label="${band}">${bounds}</td><td data-label="Holdout">${metricFigure(holdout)}</td><td class="verdict">${readingBadge(metric)}</td></tr>`;
}

function bandOf({ name, value, low, high, holdout }: QualityMetric) {
  const title = `${metricTitle(name)}: ${metricFigure(value)} in the window, ${metricFigure(holdout)} on the holdout`;
  return { title, value, low, high, mark: holdout };
}

function readingBadge(metric: QualityMetric): Markup {
  switch (qualityReading(metric)) {
    case 'WORSE':
      return markup`<span class="badge DRIFT"><span aria-hidden="true">▼ </span>Worse</span>`;
    case 'BETTER':
      return markup`<span class="badge NO_DRIFT"><span aria-hidden="true">▲ </span>Better</span>`;
    case 'EQUAL':
      return markup`<span class="badge NO_DRIFT"><span aria-hidden="true">● </span>As on the holdout</span>`;
    case null:
      return markup`<span class="badge TOO_FEW_ROWS"><span aria-hidden="true">○ </span>Undefined</span>`;
  }
}

const ESTIMATES: Readonly<Record<QualityEstimate['method'], string>> = {
  CBPE: 'from the probabilities that the model gave (confidence-based performance estimation)',
  ERROR_MODEL: 'from a model of its errors on the holdout',
};

function estimated({ method, metrics, assumptions, refused }: QualityEstimate): Markup {
  const result =
    refused === null
      ? markup`<dl>${metrics.map(({ name, value }) => markup`<div><dt>${metricTitle(name)}</dt><dd>${metricFigure(value)}</dd></div>`)}</dl>`
      : markup`<p>There is none: ${shorten(refused, SENTENCE)}</p>`;
  const list =
    assumptions.length > 0
      ? markup`<p>It holds only if:</p><ul>${assumptions.map((text) => markup`<li>${shorten(text, SENTENCE)}</li>`)}</ul>`
      : NOTHING;
  return markup`<div class="aside"><h4>Estimate without outcomes, ${ESTIMATES[method]}</h4>${result}${list}</div>`;
}
