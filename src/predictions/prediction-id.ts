import { newId } from '../platform/database/new-id.js';
import { timeOfId } from '../platform/database/time-of-id.js';

export const newPredictionId = newId;
export const timeOfPredictionId = timeOfId;

/** The lowest id that a prediction made at `time` or later can have; turns a time filter into a range of ids. */
export function lowestPredictionId(time: Date): string {
  const milliseconds = Math.min(Math.max(time.getTime(), 0), 2 ** 48 - 1);
  const hex = milliseconds.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

/** The day (UTC) whose partition holds the prediction, as `2026-01-31`. */
export function dayOfPredictionId(id: string): string {
  return timeOfPredictionId(id).toISOString().slice(0, 10);
}
