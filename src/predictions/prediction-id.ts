import { timeOfId } from '../platform/database/time-of-id.js';
import { randomHex } from '../platform/random-hex.js';

/** Ids that one millisecond can number; the ones behind them take the next. */
const SEQUENCE_END = 0x1000;
/** First digit of the random part: the variant, 10 in binary, and two random bits. */
const VARIANTS = ['8', '9', 'a', 'b'] as const;

let lastTime = 0;
let sequence = 0;

/**
 * Ids are UUIDv7: their order is the order of creation, and their first 48 bits are the time in milliseconds.
 */
export function newPredictionId(): string {
  const now = Date.now();
  if (now > lastTime) {
    lastTime = now;
    sequence = 0;
  } else if (++sequence === SEQUENCE_END) {
    lastTime++;
    sequence = 0;
  }
  const time = lastTime.toString(16).padStart(12, '0');
  const counter = sequence.toString(16).padStart(3, '0');
  const random = randomHex(16);
  const variant = VARIANTS[Number.parseInt(random[0]!, 16) & 3]!;
  return `${time.slice(0, 8)}-${time.slice(8)}-7${counter}-${variant}${random.slice(1, 4)}-${random.slice(4)}`;
}

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
