import { mostProbable } from '../../ml/metrics/classification.js';
import type { Signature } from '../../ml/schema/signature.js';
import { type Binning, categoricalBinning, count, numericBinning, type Values } from '../../ml/statistics/binning.js';
import { errorsByBin } from '../../ml/statistics/estimate/error-model.js';
import { Random } from '../../ml/statistics/random.js';
import type { TrainingTable } from '../../ml/train/table.js';
import type { Distribution, Manifest, Reference } from '../../models/artifact/manifest.js';
import type { DuckDbSession } from '../../platform/duckdb/duckdb-session.js';
import { columnsOf, writeTable } from './table-file.js';

const SAMPLE_ROWS = 10_000;
/** Stream number of the sample's random sequence, apart from those that trainers use under the same seed. */
const SAMPLE_STREAM = 0x5eed;

/** Counts over the training rows, of the features and of what the model says about them. */
export function describeReference(table: TrainingTable, signature: Signature, scores: Float32Array): Reference {
  const features = table.features.map((column, index) => {
    const categories = signature.features[index]?.categories ?? [];
    const binning = column.type === 'STRING' ? categoricalBinning(categories) : numericBinning(column.values);
    return [column.name, distribution(binning, column.type === 'STRING' ? column : column.values)] as const;
  });
  return { rows: table.rows, features: Object.fromEntries(features), ...describeOutput(signature, scores) };
}

/** What the errors of a regression are on the holdout, for each bin of its predictions. */
export function describeErrors(
  { output }: Reference,
  { target }: TrainingTable,
  scores: Float32Array,
): Manifest['holdoutErrors'] {
  if (target.task !== 'REGRESSION' || output?.binning.type !== 'NUMERIC') return undefined;
  const { rows, absolute, squared } = errorsByBin(output.binning, target.values, scores);
  return { rows: [...rows], absolute: [...absolute], squared: [...squared] };
}

function describeOutput({ classes }: Signature, scores: Float32Array): Pick<Reference, 'output' | 'probability'> {
  if (!classes) return { output: distribution(numericBinning(scores), scores) };
  const codes = mostProbable(scores, classes.length);
  const probabilities = Float32Array.from(codes, (code, row) => scores[row * classes.length + code]!);
  return {
    output: distribution(categoricalBinning(classes), { codes, dictionary: classes }),
    probability: distribution(numericBinning(probabilities), probabilities),
  };
}

function distribution(binning: Binning | undefined, values: Values): Distribution {
  if (!binning) return null;
  const counts = [...count(binning, values)];
  return binning.type === 'NUMERIC'
    ? { binning: { ...binning, upper: [...binning.upper] }, counts }
    : { binning: { ...binning, categories: [...binning.categories] }, counts };
}

/** Writes a seeded sample of the training rows, in their order, as Parquet: for methods that need raw values. */
export async function writeReferenceSample(
  session: DuckDbSession,
  table: TrainingTable,
  seed: number,
  target: string,
): Promise<void> {
  await writeTable(session, columnsOf(table), sampleRows(table.rows, seed), target);
}

function sampleRows(rows: number, seed: number): Int32Array {
  const order = Int32Array.from({ length: rows }, (_, row) => row);
  const size = Math.min(rows, SAMPLE_ROWS);
  const random = new Random(seed, SAMPLE_STREAM);
  for (let i = 0; i < size; i++) {
    const j = i + random.below(rows - i);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order.slice(0, size).sort();
}
