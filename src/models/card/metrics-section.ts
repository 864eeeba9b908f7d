import type { SplitMethod } from '../../ml/train/split.js';
import { drawBand } from '../../platform/page/band.js';
import { markup, type Markup, NOTHING } from '../../platform/page/markup.js';
import { count, percent } from '../../platform/page/numbers.js';
import { metricFigure, metricTitle } from '../metric-words.js';
import { toMetrics } from '../models.mapping.js';
import type { Metric } from '../version-quality.types.js';
import type { CardDocument } from './card-document.js';
import { confusionPlot } from './confusion.js';
import { precisionRecallPlot, reliabilityPlot, rocPlot } from './curves.js';
import { residualHistogram, residualPoints } from './residuals.js';

const SPLIT_WORDS: Readonly<Record<SplitMethod, string>> = {
  RANDOM: 'by a hash of their features',
  STRATIFIED: 'by a hash of their features, evenly in every class',
  TIME: 'by time: the latest ones',
};

/** How good the version is, on which rows, and against what. */
export function qualitySection(document: CardDocument): Markup {
  const { split } = document.manifest;
  return markup`<section id="quality" aria-labelledby="quality-title"><h2 id="quality-title">Quality</h2>
<p>${rowsInWords(document)}, ${SPLIT_WORDS[split?.method ?? 'RANDOM']}. The baseline is the best constant prediction.</p>
<div class="card">${metricsTable(document)}</div>
${plots(document)}</section>
`;
}

/** Of a model from elsewhere it is not known what it was trained on; its rows are only divided as those of others. */
function rowsInWords({ algorithm, manifest }: CardDocument): string {
  const { train, validation, holdout } = manifest.metrics;
  const rows = [train, validation, holdout].map((part) => count(part.rows));
  if (algorithm !== 'FOREIGN' || manifest.image !== undefined) {
    return `Trained on ${rows[0]!} rows, chosen on ${rows[1]!}, measured on ${rows[2]!} that were held out of both`;
  }
  return `Not trained here. Measured on ${rows.join(', ')} rows, divided into training, validation and holdout`;
}

function metricsTable({ manifest, primaryMetric }: CardDocument): Markup {
  const confidence = manifest.intervals ? percent(manifest.intervals.confidence) : undefined;
  const band = confidence === undefined ? 'Interval' : `${confidence} interval`;
  const rows = toMetrics(manifest);
  const note =
    confidence === undefined
      ? markup`<p class="change">Intervals were not computed when this version was trained.</p>`
      : NOTHING;
  return markup`<table class="metrics"><caption class="hidden">Metrics by split</caption><thead><tr><th scope="col">Metric</th><th scope="col">Holdout with its interval, and baseline (line)</th><th scope="col">Holdout</th><th scope="col">${band}</th><th scope="col">Baseline</th><th scope="col">Validation</th><th scope="col">Training</th></tr></thead><tbody>${rows.map((metric) => metricRow(metric, band, metric.name === primaryMetric))}</tbody></table>${note}`;
}

function metricRow(metric: Metric, band: string, isPrimary: boolean): Markup {
  const { name, higherIsBetter, holdout, low, high, baseline, validation, train } = metric;
  const bounds = low === null || high === null ? '–' : `${metricFigure(low)} to ${metricFigure(high)}`;
  const title = metricTitle(name);
  const label = `${title}: ${metricFigure(holdout)} on the holdout, ${metricFigure(baseline)} the baseline`;
  const which = isPrimary ? ', decides promotions' : '';
  return markup`<tr><th scope="row">${title}<small>${higherIsBetter ? 'higher' : 'lower'} is better${which}</small></th><td class="plot">${drawBand({ title: label, value: holdout, low, high, mark: baseline })}</td><td data-label="Holdout">${metricFigure(holdout)}</td><td data-label="${band}">${bounds}</td><td data-label="Baseline">${metricFigure(baseline)}</td><td data-label="Validation">${metricFigure(validation)}</td><td data-label="Training">${metricFigure(train)}</td></tr>`;
}

function plots({ manifest }: CardDocument): Markup {
  const { diagnostics, metrics, signature } = manifest;
  const { confusion, scores } = metrics.holdout;
  const classes = signature.classes ?? [];
  const matrix = confusion ? confusionPlot(confusion, classes) : NOTHING;
  if (!diagnostics) {
    return markup`<div class="plots large">${matrix}</div><p class="change">Curves were not kept when this version was trained.</p>`;
  }
  if (diagnostics.task === 'REGRESSION') {
    return markup`<div class="plots large">${residualHistogram(diagnostics.residuals)}${residualPoints(diagnostics.residuals)}</div>`;
  }
  const score = (name: string): number | null => scores[name] ?? null;
  return markup`<div class="plots large">${rocPlot(diagnostics.roc, score('rocAuc'))}${precisionRecallPlot(diagnostics.precisionRecall, score('prAuc'))}${reliabilityPlot(diagnostics.reliability, classes, score('ece'), manifest.calibration)}${matrix}</div>`;
}
