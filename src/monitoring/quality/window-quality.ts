import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { metricBands, type MetricBands } from '../../ml/metrics/bands.js';
import { METRICS_OF_TASK, type MetricName, type Truth } from '../../ml/metrics/evaluate.js';
import type { Signature } from '../../ml/schema/signature.js';
import { type LabelledPrediction, LabelledPredictions } from '../../predictions/outcomes/labelled-predictions.js';
import type { QualityMetric, WindowQuality } from '../reports/report-document.js';
import { probabilitiesOf, QualityEstimates } from './quality-estimates.js';
import { notesOn } from './quality-notes.js';
import type { QualityWindow } from './quality-window.js';

const CONFIDENCE = 0.95;

/** How good a version's predictions of a window were, as far as their outcomes are known, or can be expected to be. */
@Injectable()
export class WindowQualityService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly labelled: LabelledPredictions,
    private readonly estimates: QualityEstimates,
  ) {}

  /** @param manager of the transaction in which to read. */
  async of(window: QualityWindow, manager = this.dataSource.manager): Promise<WindowQuality> {
    const { version, from, to, seed } = window;
    const predictionWindow = { versionId: version.id, from, to };
    const { predictions, labelled } = await this.labelled.size(predictionWindow, manager);
    const sample = labelled > 0 ? await this.labelled.sample(predictionWindow, { seed }, manager) : [];
    const bands = await bandsOf(version.signature, sample, seed);
    return {
      predictions,
      labelled,
      rows: sample.length,
      confidence: CONFIDENCE,
      metrics: metricsOf(version, bands),
      estimate: predictions > 0 ? await this.estimates.of(window, manager) : null,
      notes: notesOn({ signature: version.signature, predictions, labelled, outcomes: sample }),
    };
  }
}

async function bandsOf(
  { classes }: Signature,
  sample: readonly LabelledPrediction[],
  seed: number,
): Promise<MetricBands> {
  if (sample.length === 0) return {};
  const outputs = sample.map(({ output }) => output);
  const options = { seed, confidence: CONFIDENCE };
  if (!classes) {
    const values = Float64Array.from(sample, ({ outcome }) => Number(outcome));
    const scores = Float32Array.from(outputs, ({ value }) => Number(value));
    return metricBands({ task: 'REGRESSION', values }, scores, options);
  }
  const codeOf = new Map(classes.map((label, code) => [label, code]));
  const codes = Int32Array.from(sample, ({ outcome }) => codeOf.get(String(outcome))!);
  const truth: Truth = { task: 'CLASSIFICATION', codes, classes };
  return metricBands(truth, probabilitiesOf(outputs, classes), options);
}

function metricsOf({ signature, metrics }: QualityWindow['version'], bands: MetricBands): QualityMetric[] {
  return Object.entries(METRICS_OF_TASK[signature.task]).map(([name, direction]) => ({
    name,
    higherIsBetter: direction === 'HIGHER_IS_BETTER',
    ...(bands[name as MetricName] ?? { value: null, low: null, high: null }),
    holdout: metrics.holdout.scores[name] ?? null,
  }));
}
