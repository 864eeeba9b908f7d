import { randomHex } from '../random-hex.js';

/** Ids that one millisecond can number; the ones behind them take the next. */
const SEQUENCE_END = 0x1000;
const SEQUENCES = Array.from({ length: SEQUENCE_END }, (_, i) => i.toString(16).padStart(3, '0'));
/** First digit of the random part, by a random digit: the variant, 10 in binary, and two random bits. */
const VARIANTS = new Map(Array.from('0123456789abcdef', (digit, i) => [digit, '89ab'[i & 3]!]));

let lastTime = 0;
let sequence = 0;
/** Of the ids of the last time: most come with others in the same millisecond. */
let start = '';

/**
 * A UUIDv7, for rows that requests write: the order of these ids is the order of creation, and their first 48 bits are
 * the time in milliseconds. Random digits come from a stock, of which a draw for each id would cost many times the rest.
 */
export function newId(): string {
  const now = Date.now();
  if (now > lastTime) begin(now);
  else if (++sequence === SEQUENCE_END) begin(lastTime + 1);
  const random = randomHex(16);
  return `${start}${SEQUENCES[sequence]}-${VARIANTS.get(random[0]!)}${random.slice(1, 4)}-${random.slice(4)}`;
}

function begin(time: number): void {
  lastTime = time;
  sequence = 0;
  const hex = time.toString(16).padStart(12, '0');
  start = `${hex.slice(0, 8)}-${hex.slice(8)}-7`;
}
