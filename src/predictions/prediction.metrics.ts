import { makeCounterProvider, makeGaugeProvider, makeHistogramProvider } from '@willsoto/nestjs-prometheus';

export const PREDICTIONS_TOTAL = 'boucle_predictions_total';
export const PREDICTION_DURATION = 'boucle_prediction_duration_seconds';
export const PREDICTION_LOG_PENDING = 'boucle_prediction_log_pending';
export const PREDICTION_LOG_DROPPED = 'boucle_prediction_log_dropped_total';
export const PREDICTION_ROWS = 'boucle_prediction_rows';
export const PREDICTION_BODY_BYTES = 'boucle_prediction_body_bytes';
export const PREDICTIONS_LIMITED = 'boucle_predictions_limited_total';
export const CANARY_FALLBACKS_TOTAL = 'boucle_canary_fallbacks_total';
export const SHADOW_PREDICTIONS_TOTAL = 'boucle_shadow_predictions_total';
export const EVALUATOR_CACHE_BYTES = 'boucle_evaluator_cache_bytes';

/** What became of rows that were asked for: answered, refused as wrong, or failed on our side. */
export type PredictionResultLabel = 'ok' | 'refused' | 'failed';

/** Why the champion answered a row that was the challenger's: that did not take it, or could not be asked. */
export type CanaryFallbackLabel = 'refused' | 'failed';

/** What became of rows that a challenger was to score in the shadow. */
export type ShadowResultLabel = 'logged' | 'dropped' | 'failed';

export const predictionMetrics = [
  makeCounterProvider({
    name: PREDICTIONS_TOTAL,
    help: 'Rows that predictions were asked for',
    labelNames: ['model', 'version', 'algorithm', 'result'],
  }),
  makeHistogramProvider({
    name: PREDICTION_DURATION,
    help: 'Time that a request spends in a phase: validate, evaluate, explain or log',
    labelNames: ['phase'],
    buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
  }),
  makeHistogramProvider({
    name: PREDICTION_ROWS,
    help: 'Rows of a request for predictions',
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000],
  }),
  makeHistogramProvider({
    name: PREDICTION_BODY_BYTES,
    help: 'Bytes of the body of a REST request for predictions that names its length',
    buckets: Array.from({ length: 10 }, (_, i) => 64 * 4 ** i),
  }),
  makeGaugeProvider({ name: PREDICTION_LOG_PENDING, help: 'Rows scored but not yet committed to the prediction log' }),
  makeCounterProvider({
    name: PREDICTION_LOG_DROPPED,
    help: 'Rows that were answered and could not be logged: only PREDICTION_LOG_MODE=async allows that',
  }),
  makeCounterProvider({
    name: PREDICTIONS_LIMITED,
    help: 'Requests that were not answered, by the limit in their way',
    labelNames: ['limit'],
  }),
  makeCounterProvider({
    name: CANARY_FALLBACKS_TOTAL,
    help: 'Rows of a canary that the champion answered because the challenger could not',
    labelNames: ['model', 'reason'],
  }),
  makeCounterProvider({
    name: SHADOW_PREDICTIONS_TOTAL,
    help: 'Rows that a challenger was to score in the shadow of the champion',
    labelNames: ['model', 'result'],
  }),
];

export const evaluatorMetrics = [
  makeGaugeProvider({ name: EVALUATOR_CACHE_BYTES, help: 'Memory held by loaded models' }),
];
