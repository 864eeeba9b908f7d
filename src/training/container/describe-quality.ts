import type { Signature } from '../../ml/schema/signature.js';
import type { Manifest } from '../../models/artifact/manifest.js';
import { describeHoldout, type HoldoutQuality } from './holdout-quality.js';
import type { SplitResults, SplitTables } from './evaluate-splits.js';
import { describeErrors, describeReference } from './reference.js';

/** What a manifest tells of a model's scores. */
export type Quality = Pick<Manifest, 'metrics' | 'baseline' | 'reference' | 'holdoutErrors'> & HoldoutQuality;

/** Describes how good a model's scores are, and how its features and scores are distributed. */
export async function describeQuality(
  { metrics, baseline, trainScores, holdoutScores }: SplitResults,
  tables: SplitTables,
  signature: Signature,
  seed: number,
  signal: AbortSignal,
): Promise<Quality> {
  const reference = describeReference(tables.train, signature, trainScores);
  return {
    metrics,
    baseline,
    ...(await describeHoldout(tables.holdout, holdoutScores, seed, signal)),
    reference,
    holdoutErrors: describeErrors(reference, tables.holdout, holdoutScores),
  };
}
