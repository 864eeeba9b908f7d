import { Injectable } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import type { Signature } from '../../ml/schema/signature.js';
import { expectedQuality } from '../../ml/statistics/estimate/cbpe.js';
import { expectedErrors } from '../../ml/statistics/estimate/error-model.js';
import { mostOutside, type OutsideShare } from '../../ml/statistics/estimate/outside-training.js';
import type { Manifest, Reference } from '../../models/artifact/manifest.js';
import { type MergedCounts, WindowCounts } from '../../predictions/counts/window-counts.js';
import { LabelledPredictions } from '../../predictions/outcomes/labelled-predictions.js';
import type { PredictionOutput } from '../../predictions/prediction.entity.js';
import type { QualityEstimate } from '../reports/report-document.js';
import { assumptionsOf, type EstimateEvidence, refusalOf } from './estimate-conditions.js';
import type { QualityWindow } from './quality-window.js';

type Expected = Readonly<Record<string, number | null>>;

/** What quality can be expected to be before outcomes arrive. */
@Injectable()
export class QualityEstimates {
  constructor(
    private readonly counts: WindowCounts,
    private readonly labelled: LabelledPredictions,
  ) {}

  async of(window: QualityWindow, manager: EntityManager): Promise<QualityEstimate> {
    const { version, from, to } = window;
    const { reference, holdoutErrors } = await manifestOf(version.id, manager);
    // All predictions of a version are counted on one binning: that of its own manifest.
    const [counts] = await this.counts.merge({ versionIds: [version.id], from, to }, manager);
    const { rows: holdoutRows, scores } = version.metrics.holdout;
    const evidence: EstimateEvidence = {
      predictions: counts?.rows ?? 0,
      holdoutRows,
      outside: counts && outsideOf(counts, reference),
      method:
        version.signature.task === 'CLASSIFICATION'
          ? { name: 'CBPE', ece: scores['ece'] ?? null }
          : { name: 'ERROR_MODEL', known: holdoutErrors !== undefined },
    };
    const assumptions = assumptionsOf(evidence);
    const method = evidence.method.name;
    const refused = refusalOf(evidence);
    if (refused !== null) return { method, metrics: [], assumptions, refused };
    const expected =
      method === 'CBPE'
        ? await this.fromProbabilities(window, manager)
        : { ...expectedErrors(holdoutErrors!, counts!.output.counts) };
    return { method, metrics: metricsOf(expected), assumptions, refused };
  }

  private async fromProbabilities(window: QualityWindow, manager: EntityManager): Promise<Expected> {
    const { version, from, to, seed } = window;
    const outputs = await this.labelled.sampleOutputs({ versionId: version.id, from, to }, { seed }, manager);
    const { classes = [] } = version.signature;
    return { ...(await expectedQuality(probabilitiesOf(outputs, classes), classes.length)) };
  }
}

/** Row-major [outputs, classes]; float32, as the model gave them. */
export function probabilitiesOf(
  outputs: readonly PredictionOutput[],
  classes: NonNullable<Signature['classes']>,
): Float32Array {
  const probabilities = new Float32Array(outputs.length * classes.length);
  outputs.forEach((output, row) => {
    classes.forEach((label, k) => {
      probabilities[row * classes.length + k] = output.probabilities?.[label] ?? NaN;
    });
  });
  return probabilities;
}

async function manifestOf(
  versionId: string,
  manager: EntityManager,
): Promise<{ reference: Reference; holdoutErrors: Manifest['holdoutErrors'] }> {
  const [row] = await manager.query<[{ reference: Reference; errors: Manifest['holdoutErrors'] | null }]>(
    `SELECT manifest -> 'reference' AS reference, manifest -> 'holdoutErrors' AS errors FROM model_version WHERE id = $1`,
    [versionId],
  );
  return { reference: row.reference, holdoutErrors: row.errors ?? undefined };
}

/** Features of which the training knew no value have no range to be outside of. */
function outsideOf({ features }: MergedCounts, reference: Reference): OutsideShare | undefined {
  return mostOutside(
    features.flatMap(({ name, binning, counts }) => {
      const known = Object.hasOwn(reference.features, name) ? reference.features[name] : null;
      return known ? [{ name, binning, counts, reference: known.counts }] : [];
    }),
  );
}

function metricsOf(expected: Expected): QualityEstimate['metrics'] {
  return Object.entries(expected).flatMap(([name, value]) => (value === null ? [] : [{ name, value }]));
}
