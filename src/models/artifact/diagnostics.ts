import { z } from 'zod';

const count = z.number().int().nonnegative();
const points = z.array(z.tuple([z.number(), z.number()]));
const curves = z.array(z.object({ class: z.string(), points }));

export const reliabilitySchema = z.array(
  z.object({ lower: z.number(), upper: z.number(), rows: count, predicted: z.number(), observed: z.number() }),
);

/** The zod form of `ml/metrics/diagnostics`: curves and residuals on the held-out rows. */
export const diagnosticsSchema = z.discriminatedUnion('task', [
  z.object({
    task: z.literal('CLASSIFICATION'),
    roc: curves,
    precisionRecall: curves,
    reliability: reliabilitySchema,
  }),
  z.object({
    task: z.literal('REGRESSION'),
    residuals: z.object({
      rows: count,
      mean: z.number(),
      deviation: z.number(),
      quantiles: z.array(z.object({ share: z.number(), value: z.number() })),
      histogram: z.object({ edges: z.array(z.number()), counts: z.array(count) }),
      points,
    }),
  }),
]);

/** Percentile bootstrap of the metrics on the held-out rows; null where a metric is undefined or not resampled. */
export const intervalsSchema = z.object({
  confidence: z.number(),
  resamples: count,
  metrics: z.record(z.string(), z.object({ low: z.number().nullable(), high: z.number().nullable() })),
});

const probabilityQuality = z.object({
  logLoss: z.number(),
  brier: z.number(),
  ece: z.number(),
  reliability: reliabilitySchema,
});

/**
 * Classification: what was tried to make the probabilities come true, and what won. `logLoss` by method is on validation
 * rows that the method was not fitted on; it is empty where there were too few to try. Before and after are held-out rows.
 */
export const calibrationSchema = z.object({
  method: z.enum(['NONE', 'PLATT', 'ISOTONIC']),
  logLoss: z.record(z.string(), z.number()),
  before: probabilityQuality,
  after: probabilityQuality,
});
