import type { Metrics } from '../../ml/metrics/evaluate.js';
import { evaluateMetrics } from '../../ml/metrics/evaluate.js';
import { weightedScores } from '../../ml/metrics/weighted-scores.js';
import type { Evaluator } from '../../ml/schema/evaluator.js';
import type { Split } from '../../ml/train/split.js';
import { selectRows, type Target, type TrainingTable } from '../../ml/train/table.js';
import type { Evaluation, Evaluations, Manifest } from '../../models/artifact/manifest.js';
import { scoreTable } from '../../models/evaluation/score-table.js';

const SPLITS = ['train', 'validation', 'holdout'] as const;

/** The rows of each part. */
export type SplitTables = Readonly<Record<keyof Split, TrainingTable>>;

export interface SplitResults {
  readonly metrics: Evaluations;
  /** Metrics of the best constant prediction on the same rows. */
  readonly baseline: Evaluations;
  /** See Manifest.weightedMetrics. */
  readonly weighted: Manifest['weightedMetrics'];
  readonly trainScores: Float32Array;
  readonly holdoutScores: Float32Array;
}

export function tablesOf(table: TrainingTable, split: Split): SplitTables {
  return {
    train: selectRows(table, split.train),
    validation: selectRows(table, split.validation),
    holdout: selectRows(table, split.holdout),
  };
}

export async function evaluateSplits(
  evaluator: Evaluator,
  tables: SplitTables,
  signal: AbortSignal,
  /** In place of what the evaluator says about the validation rows: see Manifest.metrics. */
  validationScores?: Float32Array,
): Promise<SplitResults> {
  const metrics: Partial<Record<keyof Split, Evaluation>> = {};
  const baseline: Partial<Record<keyof Split, Evaluation>> = {};
  const weighted: Partial<NonNullable<Manifest['weightedMetrics']>> = {};
  const constant = bestConstant(tables.train.target);
  const scoresOf: Partial<Record<keyof Split, Float32Array>> = {};
  for (const part of SPLITS) {
    const { target, rows, weights } = tables[part];
    const given = part === 'validation' ? validationScores : undefined;
    const scores = given ?? (await scoreTable(evaluator, tables[part], signal));
    scoresOf[part] = scores;
    if (weights) weighted[part] = await weightedScores(target, scores, weights);
    metrics[part] = toEvaluation(evaluateMetrics(target, scores));
    baseline[part] = toEvaluation(evaluateMetrics(target, repeated(constant, rows)));
  }
  return {
    metrics: metrics as Evaluations,
    baseline: baseline as Evaluations,
    weighted: tables.train.weights && (weighted as Manifest['weightedMetrics']),
    trainScores: scoresOf.train!,
    holdoutScores: scoresOf.holdout!,
  };
}

/** The mean, or the shares of the classes: what minimises squared error and log loss without looking at features. */
function bestConstant(target: Target): Float64Array {
  if (target.task === 'REGRESSION') {
    return Float64Array.of(target.values.reduce((sum, value) => sum + value, 0) / target.values.length);
  }
  const shares = new Float64Array(target.classes.length);
  for (const code of target.codes) shares[code]! += 1 / target.codes.length;
  return shares;
}

function repeated(row: Float64Array, rows: number): Float64Array {
  const scores = new Float64Array(rows * row.length);
  for (let i = 0; i < rows; i++) scores.set(row, i * row.length);
  return scores;
}

export function toEvaluation(metrics: Metrics): Evaluation {
  if ('confusion' in metrics) {
    const { rows, f1, confusion, ...scores } = metrics;
    return { rows, scores, f1: { ...f1 }, confusion: confusion.map((row) => [...row]) };
  }
  const { rows, ...scores } = metrics;
  return { rows, scores };
}
