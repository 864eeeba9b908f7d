import { createHash } from 'node:crypto';
import type { Feature, Signature } from '../../ml/schema/signature.js';
import { type Binning, categoricalBinning, countLength } from '../../ml/statistics/binning.js';
import type { Distribution, Reference } from '../../models/artifact/manifest.js';

/** What the predictions of a version are counted by: the columns of a count vector, one after the other. */
export interface BinningLayout {
  readonly features: readonly { readonly name: string; readonly binning: Binning }[];
  /** Of the predicted classes or numbers. */
  readonly output: Binning;
  /** Of the predicted class's probability; null for regressions and for models trained before it was measured. */
  readonly probability: Binning | null;
}

/**
 * The layout that a version's manifest implies. A column of which training knew no value is counted all the same, as
 * below 0, from 0 on, or missing; strings by the categories of the signature.
 */
export function layoutOf(
  { features, classes }: Signature,
  { features: known, ...reference }: Reference,
): BinningLayout {
  return {
    features: features.map((feature) => {
      const distribution = Object.hasOwn(known, feature.name) ? known[feature.name] : null;
      return { name: feature.name, binning: featureBinning(feature, distribution) };
    }),
    output: classes ? categoricalBinning(classes) : numeric(reference.output),
    probability: classes && reference.probability ? numeric(reference.probability) : null,
  };
}

function featureBinning({ type, categories }: Feature, distribution: Distribution | undefined): Binning {
  if (type !== 'STRING') return numeric(distribution);
  const binning = distribution?.binning;
  return categoricalBinning(binning?.type === 'CATEGORICAL' ? binning.categories : (categories ?? []));
}

function numeric(distribution: Distribution | undefined): Binning {
  const binning = distribution?.binning;
  if (binning?.type !== 'NUMERIC') return { type: 'NUMERIC', lower: 0, upper: [] };
  return { type: 'NUMERIC', lower: binning.lower, upper: [...binning.upper] };
}

/** Length of the count vector: the counts of all columns, one after the other. */
export function vectorLength({ features, output, probability }: BinningLayout): number {
  const binnings = [...features.map(({ binning }) => binning), output, ...(probability ? [probability] : [])];
  return binnings.reduce((sum, binning) => sum + countLength(binning), 0);
}

/** Equal for layouts whose counts add up, whichever versions they come from. */
export function digestOf(layout: BinningLayout): string {
  return createHash('sha256').update(JSON.stringify(layout)).digest('hex');
}
