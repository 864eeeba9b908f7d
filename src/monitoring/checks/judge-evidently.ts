import {
  type EvidentlyColumn,
  evidentlyColumnDrift,
  evidentlyDataSetDrift,
} from '../../ml/statistics/drift/evidently.js';
import { DRIFT_METHODS } from '../../ml/statistics/drift/methods.js';
import type { CheckVerdict, ColumnVerdict, DriftVerdict } from '../../ml/statistics/drift/verdict.js';
import { nextTurn } from '../../ml/statistics/next-turn.js';
import type { ColumnSamples, RawValues } from './column-samples.js';
import type { ColumnIdentity } from './watched-columns.js';

/**
 * Mode EVIDENTLY on samples of the features, a column at a turn of the event loop. Columns without any known value on
 * one side are left out, as Evidently does not take them.
 */
export async function judgeEvidently(
  features: readonly ColumnIdentity[],
  samples: ColumnSamples,
): Promise<DriftVerdict> {
  const compared = [];
  const columns: ColumnVerdict[] = [];
  for (const { name, type } of features) {
    const sample = samples.get(name);
    const [referenceRows, currentRows] = [knownRows(sample?.reference), knownRows(sample?.current)];
    if (!sample || Math.min(referenceRows, currentRows) === 0) {
      columns.push({ name, verdict: 'TOO_FEW_ROWS', checks: [] });
      continue;
    }
    const kind: EvidentlyColumn['kind'] = type === 'NUMBER' ? 'NUMERICAL' : 'CATEGORICAL';
    const found = evidentlyColumnDrift({ name, kind, ...sample });
    compared.push(found);
    const { method, score, threshold, drifted } = found;
    const verdict = drifted ? 'DRIFT' : 'NO_DRIFT';
    const pValue = DRIFT_METHODS[method].drift === 'BELOW' ? score : null;
    const rows = { referenceRows, currentRows, minimumRows: 1 };
    const check: CheckVerdict = { method, way: 'SAMPLE', verdict, threshold, score, ...NO_EFFECT, pValue, ...rows };
    columns.push({ name, verdict, checks: [check] });
    await nextTurn();
  }
  const { drifted, datasetDrift } = evidentlyDataSetDrift(compared);
  const verdict = compared.length === 0 ? 'TOO_FEW_ROWS' : datasetDrift ? 'DRIFT' : 'NO_DRIFT';
  return { verdict, drifted, judged: compared.length, columns };
}

/** Evidently tells neither a size of effects nor corrected p-values. */
const NO_EFFECT = { effectSize: null, adjustedPValue: null };

function knownRows(values: RawValues = []): number {
  let known = 0;
  for (const value of values) if (value !== '' && !(typeof value === 'number' && !Number.isFinite(value))) known++;
  return known;
}
