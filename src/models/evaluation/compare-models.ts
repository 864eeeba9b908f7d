import { createEvaluator } from './create-evaluator.js';
import { readTable } from './read-table.js';
import { scoreTable } from './score-table.js';
import { pairedBootstrap } from '../../ml/statistics/bootstrap.js';
import { heldOutRows, type SplitRule } from '../../ml/train/split.js';
import { selectRows, type TrainingTable } from '../../ml/train/table.js';
import { DuckDbSession } from '../../platform/duckdb/duckdb-session.js';
import { GATE_METRICS, type GateMetric } from '../gate-metrics.js';
import type { ModelColumns } from '../model-columns.js';
import type { Comparison } from '../promotion-gate.js';

const CONFIDENCE = 0.95;
/** Any fixed number: the same two models on the same rows always get the same verdict. */
const BOOTSTRAP_SEED = 20_150_101;

/** A model in a comparison: its file, the order of its classes, and what tells which rows it has not seen. */
export interface Compared {
  readonly onnx: Uint8Array;
  readonly classes?: readonly string[];
  /** How the rows were divided that it comes from; default by hash. */
  readonly split?: SplitRule;
}

export interface ComparisonOrder {
  /** Folder with `data.parquet`; SQL reaches nothing else. */
  readonly folder: string;
  readonly data: string;
  readonly memoryLimit: string;
  readonly columns: ModelColumns;
  readonly metric: GateMetric;
  readonly champion: Compared;
  readonly challenger: Compared;
}

/**
 * Compares two models on rows of one dataset that were held out from both: by hash a row keeps its part in every
 * snapshot, by time it is newer than all that either was trained or validated on.
 */
export async function compareModels(order: ComparisonOrder): Promise<Comparison> {
  const { folder, memoryLimit, metric } = order;
  const session = await DuckDbSession.open({ folder, memoryLimit });
  try {
    const table = await readTable(session, order.data, order.columns);
    const rules = [order.champion, order.challenger].map(({ split }) => split ?? ({ method: 'RANDOM' } as const));
    const holdout = selectRows(table, heldOutRows(table, rules));
    const champion = await lossesOf(order.champion, holdout, metric);
    const challenger = await lossesOf(order.challenger, holdout, metric);
    const interval = await pairedBootstrap(champion, challenger, {
      seed: BOOTSTRAP_SEED,
      statistic: GATE_METRICS[metric].statistic,
      confidence: CONFIDENCE,
    });
    return { ...interval, rows: holdout.rows, confidence: CONFIDENCE };
  } finally {
    session.close();
  }
}

async function lossesOf({ onnx, classes }: Compared, table: TrainingTable, metric: GateMetric): Promise<Float64Array> {
  const evaluator = await createEvaluator(onnx);
  try {
    const scores = await scoreTable(evaluator, table);
    const { target } = table;
    const ordered = target.task === 'REGRESSION' ? scores : reorder(scores, classes ?? [], target.classes);
    return GATE_METRICS[metric].losses(target, ordered);
  } finally {
    await evaluator.dispose();
  }
}

/** Probabilities in the order of the data's classes; 0 for a class that the model has never seen. */
function reorder(scores: Float32Array, from: readonly string[], to: readonly string[]): Float32Array {
  const rows = scores.length / from.length;
  const sources = to.map((label) => from.indexOf(label));
  const ordered = new Float32Array(rows * to.length);
  for (let row = 0; row < rows; row++) {
    sources.forEach((source, k) => {
      if (source >= 0) ordered[row * to.length + k] = scores[row * from.length + source]!;
    });
  }
  return ordered;
}
