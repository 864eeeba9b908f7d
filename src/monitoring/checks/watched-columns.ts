import { AppError } from '../../errors/app-error.js';
import type { FeatureType, Signature } from '../../ml/schema/signature.js';
import { type Binning, countLength } from '../../ml/statistics/binning.js';
import type { Check } from '../../ml/statistics/drift/checks.js';
import type { Counts } from '../../ml/statistics/drift/shares.js';
import type { Distribution, Reference } from '../../models/artifact/manifest.js';
import { layoutOf } from '../../predictions/counts/binning-layout.js';
import type { MergedCounts } from '../../predictions/counts/window-counts.js';
import type { ReportColumn } from '../reports/report-document.js';

export type ColumnRole = ReportColumn['role'];

/** A column of a model that can drift: a feature, the output, or the probability of the predicted class. */
export interface ColumnIdentity {
  readonly name: string;
  readonly role: ColumnRole;
  readonly type: FeatureType;
}

/** Its counts in the reference and in a window, on the same binning. */
export interface WatchedColumn extends ColumnIdentity {
  readonly binning: Binning;
  readonly reference: Counts;
  readonly current: Counts;
}

/**
 * What a model says has neither missing nor unseen values, so that one check is enough; each more would cost the others
 * power, see `benjaminiHochberg`.
 */
export const OUTPUT_CHECKS: readonly Check[] = [{ method: 'psi' }];

/** Features in the order of the signature, the output under the name of the target, and the probability. */
export function columnsOf({ features, target, classes }: Signature): ColumnIdentity[] {
  const columns: ColumnIdentity[] = features.map(({ name, type }) => ({ name, role: 'FEATURE', type }));
  columns.push({ name: target, role: 'OUTPUT', type: classes ? 'STRING' : 'NUMBER' });
  if (!classes) return columns;
  const names = new Set(columns.map(({ name }) => name));
  let name = `${target} probability`;
  while (names.has(name)) name += "'";
  return [...columns, { name, role: 'PROBABILITY', type: 'NUMBER' }];
}

/**
 * The columns of a version with what they are compared by.
 * @param merged the window's counts of this version; undefined for a window without predictions.
 * @throws AppError INVALID_STATE if the reference's counts don't fit its own bins.
 */
export function watchedColumns(
  signature: Signature,
  reference: Reference,
  merged: MergedCounts | undefined,
): WatchedColumn[] {
  const { features, output, probability } = layoutOf(signature, reference);
  const identities = columnsOf(signature);
  const column = (
    identity: ColumnIdentity,
    binning: Binning,
    distribution: Distribution | undefined,
    current: Counts | undefined,
  ): WatchedColumn => ({
    ...identity,
    binning,
    reference: referenceCounts(identity.name, binning, distribution, reference.rows),
    current: current ?? new Float64Array(countLength(binning)),
  });
  const columns = features.map(({ name, binning }, index) => {
    const known = Object.hasOwn(reference.features, name) ? reference.features[name] : null;
    return column(identities[index]!, binning, known, merged?.features[index]?.counts);
  });
  columns.push(column(identities[features.length]!, output, reference.output, merged?.output.counts));
  if (probability) {
    const identity = identities[features.length + 1]!;
    columns.push(column(identity, probability, reference.probability, merged?.probability?.counts));
  }
  return columns;
}

/** A column without any known value in training has the same number of missing rows. */
function referenceCounts(name: string, binning: Binning, distribution: Distribution | undefined, rows: number): Counts {
  const length = countLength(binning);
  if (distribution) {
    if (distribution.counts.length === length) return distribution.counts;
    throw new AppError(
      'INVALID_STATE',
      `The reference is damaged: it has ${distribution.counts.length} counts of ${name} for ${length} bins. Train a new version.`,
    );
  }
  const counts = new Float64Array(length);
  counts[length - 1] = rows;
  return counts;
}
