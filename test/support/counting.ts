import { count, countLength, numericBinning } from '../../src/ml/statistics/binning.js';
import type { Signature } from '../../src/ml/schema/signature.js';
import type { Reference } from '../../src/models/artifact/manifest.js';
import type { BinningLayout } from '../../src/predictions/counts/binning-layout.js';
import type { MergedCounts } from '../../src/predictions/counts/window-counts.js';
import type { TestDatabase } from './database.js';

/** A reference for the signatures of served-model.ts: wind from 0 to 20, precipitation from 0 to 50. */
export function referenceOf(signature: Signature): Reference {
  const spread = (from: number, to: number) => {
    const { lower, upper } = numericBinning(
      Float64Array.from({ length: 640 }, (_, i) => from + ((to - from) * i) / 639),
    )!;
    return { binning: { type: 'NUMERIC' as const, lower, upper: [...upper] }, counts: [] };
  };
  const categories = (names: readonly string[]) => ({
    binning: { type: 'CATEGORICAL' as const, categories: [...names] },
    counts: [],
  });
  return {
    rows: 640,
    features: {
      wind: spread(0, 20),
      precipitation: spread(0, 50),
      holiday: spread(0, 1),
      station: categories(['north', 'south']),
    },
    output: signature.classes ? categories(signature.classes) : spread(-40, 60),
    ...(signature.classes && { probability: spread(0.5, 1) }),
  };
}

/** The same numbers as a merge of counts, from the log alone and in the plainest way there is. */
export async function countLog(
  database: TestDatabase,
  versionId: string,
  { features, output, probability }: Pick<BinningLayout, 'features' | 'output' | 'probability'>,
): Promise<number[][]> {
  const rows = await database.query<{ inputs: any; output: any }>(
    'SELECT inputs, output FROM prediction WHERE version_id = $1',
    [versionId],
  );
  const columns = [
    ...features.map(({ name, binning }) => ({ binning, values: rows.map(({ inputs }) => inputs[name]) })),
    { binning: output, values: rows.map((row) => row.output.value) },
    ...(probability
      ? [{ binning: probability, values: rows.map((row) => row.output.probabilities[row.output.value]) }]
      : []),
  ];
  return columns.map(({ binning, values }) => {
    if (rows.length === 0) return new Array<number>(countLength(binning)).fill(0);
    if (binning.type === 'CATEGORICAL')
      return [
        ...count(
          binning,
          values.map((value) => value ?? ''),
        ),
      ];
    return [
      ...count(
        binning,
        Float64Array.from(values, (value) => (value === null ? NaN : Number(value))),
      ),
    ];
  });
}

/** The vectors of a merge, column by column. */
export function vectorsOf({ features, output, probability }: MergedCounts): number[][] {
  return [...features, output, ...(probability ? [probability] : [])].map(({ counts }) => [...counts]);
}
