import { z } from 'zod';
import { VERSION_ALGORITHMS } from '../algorithm.js';
import { calibrationSchema, diagnosticsSchema, intervalsSchema } from './diagnostics.js';

/** Files of an artifact besides the manifest, which names their hashes. */
export const ONNX_FILE = 'model.onnx';
export const REFERENCE_FILE = 'reference.parquet';
export const MANIFEST_FILE = 'manifest.json';

/** COMPILED: our kernels know the whole graph. ONNX_RUNTIME: it holds what they don't. */
export const EVALUATORS = ['COMPILED', 'ONNX_RUNTIME'] as const;
export type EvaluatorKind = (typeof EVALUATORS)[number];

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.number().int().nonnegative();

const feature = z.object({
  name: z.string(),
  type: z.enum(['NUMBER', 'BOOLEAN', 'STRING']),
  nullable: z.boolean(),
  categories: z.array(z.string()).optional(),
  derived: z
    .object({
      column: z.string(),
      type: z.enum(['DATE', 'TIMESTAMP']),
      part: z.enum(['YEAR', 'MONTH', 'WEEKDAY', 'HOUR']),
    })
    .optional(),
});

/** The zod form of `ml/schema`'s Signature. */
const signature = z.object({
  task: z.enum(['REGRESSION', 'CLASSIFICATION']),
  target: z.string(),
  features: z.array(feature).min(1),
  classes: z.array(z.string()).min(2).optional(),
});

/** Quality on one set of rows. */
const evaluation = z.object({
  rows: count,
  /** By metric name; null where a metric is undefined on these rows, such as R² of a single row. */
  scores: z.record(z.string(), z.number().nullable()),
  /** F1 by class label. */
  f1: z.record(z.string(), z.number()).optional(),
  /** confusion[i][j]: rows of class i that were predicted as j. */
  confusion: z.array(z.array(count)).optional(),
});

const evaluations = z.object({ train: evaluation, validation: evaluation, holdout: evaluation });

const binning = z.discriminatedUnion('type', [
  z.object({ type: z.literal('NUMERIC'), lower: z.number(), upper: z.array(z.number()) }),
  z.object({ type: z.literal('CATEGORICAL'), categories: z.array(z.string()) }),
]);

/** Distribution of a column; null for one without any value. */
const distribution = z.object({ binning, counts: z.array(count) }).nullable();

const cuts = z.object({ train: z.number(), validation: z.number() });

/** The zod form of `ml/train/split`'s SplitRule. */
const split = z.discriminatedUnion('method', [
  z.object({ method: z.literal('RANDOM') }),
  z.object({ method: z.literal('STRATIFIED'), cuts: z.record(z.string(), cuts) }),
  z.object({ method: z.literal('TIME'), cuts }),
]);

const reference = z.object({
  rows: count,
  features: z.record(z.string(), distribution),
  /** Of the predicted numbers, or of the most probable classes. */
  output: distribution,
  /** Classification: of the probability of the most probable class. Artifacts from before it existed lack it. */
  probability: distribution.optional(),
});

/** Sums of a regression's errors on the holdout, by the bin of its prediction: see ml/statistics/estimate/error-model. */
const holdoutErrors = z.object({ rows: z.array(count), absolute: z.array(z.number()), squared: z.array(z.number()) });

const importance = z.object({
  /** Lower is better. */
  metric: z.string(),
  /** Its value on the same rows with all columns intact. */
  intact: z.number(),
  rows: count,
  repeats: count,
  /** Most important first. */
  features: z.array(
    z.object({
      feature: z.string(),
      /** Mean rise of the metric when the column is shuffled; null if there was no time for it. */
      increase: z.number().nullable(),
      deviation: z.number().nullable(),
      /** Trees: share of all their splits' gain. */
      gain: z.number().nullable(),
    }),
  ),
});

/** The zod form of WeightChoice. */
export const weightsSchema = z.object({
  column: z.string().optional(),
  classes: z.record(z.string(), z.number().nonnegative()).optional(),
});

const scores = z.record(z.string(), z.number().nullable());

const crossValidation = z.object({
  /** In order; `trained` are the rows of the fold's model, `rows` those that it was tried on. */
  folds: z.array(z.object({ trained: count, rows: count, scores })),
  /** By metric, over the folds in which it is defined; the deviation needs two of them. */
  metrics: z.record(z.string(), z.object({ mean: z.number(), deviation: z.number().nullable() }).nullable()),
});

/** Everything that is known about a model file: its contract, origin, quality and reference. */
export const manifestSchema = z.object({
  format: z.literal(1),
  algorithm: z.enum(VERSION_ALGORITHMS),
  signature,
  hyperparameters: z.record(z.string(), z.number().nullable()),
  seed: z.number().int(),
  /** Program that trained it, or that wrote a foreign file. */
  trainer: z.string(),
  /** Of the script that trained it, where it was not one of our algorithms but was trained by order of ours. */
  image: z.string().optional(),
  /** What computed the metrics. Artifacts from before it existed lack it: our own models are always compiled. */
  evaluator: z.enum(EVALUATORS).optional(),
  dataset: z.object({ versionId: z.string(), contentHash: z.string() }),
  /** How its rows were divided, so that it is known of any row whether it was held out. Artifacts without it: by hash. */
  split: split.optional(),
  /**
   * Of the model as it serves. On validation rows, calibrated probabilities come from calibrators that were fitted
   * without the row: else a model with a calibrator would look better than it is where the algorithm is chosen.
   */
  metrics: evaluations,
  /** Metrics of the best constant prediction, on the same rows: what any model has to beat. */
  baseline: evaluations,
  /** How much rows counted in the training; by class, besides the hyperparameter for balance. */
  weights: weightsSchema.optional(),
  /** By part, with a column of weights: metrics in which rows count as much as in the training. */
  weightedMetrics: z.object({ train: scores, validation: scores, holdout: scores }).optional(),
  /** Of the algorithm, on rows that are not held out, where it was asked for; without calibration. */
  crossValidation: crossValidation.optional(),
  /** Of the metrics on the held-out rows. Artifacts from before it existed lack it. */
  intervals: intervalsSchema.optional(),
  /** Curves and residuals on the held-out rows. Artifacts from before it existed lack it. */
  diagnostics: diagnosticsSchema.optional(),
  /** Classification; part of the graph. Artifacts from before it existed lack it. */
  calibration: calibrationSchema.optional(),
  /** Distribution over the training rows, for drift checks. */
  reference,
  /** Regression; in the layout of the counts of `reference.output`. Artifacts from before it existed lack it. */
  holdoutErrors: holdoutErrors.optional(),
  /** Of the columns, on the validation rows. Artifacts from before it existed lack it. */
  importance: importance.optional(),
  /** Linear models: mean of each prepared column over the training rows, where explanations start from. */
  columnMeans: z.array(z.number()).optional(),
  /** Coefficients or importances, as the trainer describes its model. */
  summary: z.unknown(),
  warnings: z.array(z.object({ code: z.string(), message: z.string(), feature: z.string().optional() })),
  files: z.record(z.string(), z.object({ sha256, bytes: count })),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type Evaluation = z.infer<typeof evaluation>;
export type Evaluations = z.infer<typeof evaluations>;
export type Distribution = z.infer<typeof distribution>;
export type CrossValidation = z.infer<typeof crossValidation>;
export type Importance = z.infer<typeof importance>;
export type Reference = z.infer<typeof reference>;
