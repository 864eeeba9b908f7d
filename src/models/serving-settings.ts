import type { Config } from '../config/config.js';
import { AppError } from '../errors/app-error.js';

export type LogMode = Config['PREDICTION_LOG_MODE'];

/** In seconds; after the longest wait for the database an answer would be of no use to anybody. */
const LONGEST_TIMEOUT = 600;

/** How a model's predictions are made where it has a say; null: as PREDICTION_TIMEOUT_SECONDS and PREDICTION_LOG_MODE say. */
export interface ServingSettings {
  readonly predictionTimeoutSeconds: number | null;
  readonly predictionLogMode: LogMode | null;
}

export const NO_SERVING_SETTINGS: ServingSettings = { predictionTimeoutSeconds: null, predictionLogMode: null };

interface ServingChanges {
  readonly predictionTimeoutSeconds?: number | null;
  readonly predictionLogMode?: LogMode | null;
}

/**
 * The settings with changes: null is the installation's, undefined leaves one as it is.
 * @throws AppError BAD_INPUT for a time that can't be.
 */
export function parseServing(
  { predictionTimeoutSeconds: seconds, predictionLogMode: mode }: ServingChanges,
  known: ServingSettings,
): ServingSettings {
  if (typeof seconds === 'number' && !(seconds > 0 && seconds <= LONGEST_TIMEOUT)) {
    throw new AppError(
      'BAD_INPUT',
      `predictionTimeoutSeconds must be above 0 and at most ${LONGEST_TIMEOUT}; null leaves it to PREDICTION_TIMEOUT_SECONDS.`,
    );
  }
  return {
    predictionTimeoutSeconds: seconds === undefined ? known.predictionTimeoutSeconds : seconds,
    predictionLogMode: mode === undefined ? known.predictionLogMode : mode,
  };
}
