import { z } from 'zod';
import { ALGORITHMS } from '../algorithm.js';

/** Files of an artifact besides the manifest, which names their hashes. */
export const ONNX_FILE = 'model.onnx';
export const REFERENCE_FILE = 'reference.parquet';
export const MANIFEST_FILE = 'manifest.json';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.number().int().nonnegative();

const feature = z.object({
  name: z.string(),
  type: z.enum(['NUMBER', 'BOOLEAN', 'STRING']),
  nullable: z.boolean(),
  categories: z.array(z.string()).optional(),
});

/** The zod form of `ml/schema`'s Signature. */
const signature = z.object({
  task: z.enum(['REGRESSION', 'CLASSIFICATION']),
  target: z.string(),
  features: z.array(feature).min(1),
  classes: z.array(z.string()).min(2).optional(),
});

/** Metric name → value; null where the metric is undefined on these rows, such as R² of a constant. */
const scores = z.record(z.string(), z.number().nullable());

const splitMetrics = z.object({ train: scores, validation: scores, holdout: scores });

/** Everything that is known about a model file: its contract, origin, quality and reference. */
export const manifestSchema = z.object({
  format: z.literal(1),
  algorithm: z.enum(ALGORITHMS),
  signature,
  hyperparameters: z.record(z.string(), z.number().nullable()),
  seed: z.number().int(),
  trainer: z.string(),
  dataset: z.object({ versionId: z.string(), contentHash: z.string() }),
  rows: z.object({ train: count, validation: count, holdout: count }),
  metrics: splitMetrics,
  /** Metrics of the best constant prediction, on the same rows: what any model has to beat. */
  baseline: splitMetrics,
  /** Distribution of every feature and of the output over the training rows, for drift checks. */
  reference: z.unknown(),
  summary: z.unknown(),
  warnings: z.array(z.object({ code: z.string(), message: z.string(), feature: z.string().optional() })),
  files: z.record(z.string(), z.object({ sha256, bytes: count })),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type SplitMetrics = z.infer<typeof splitMetrics>;
export type Scores = z.infer<typeof scores>;
