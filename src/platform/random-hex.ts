import { randomBytes } from 'node:crypto';

const DRAWN_BYTES = 8_192;

let drawn = '';
let used = 0;

/** So many random hexadecimal digits. They are drawn in bulk: a draw for each id would cost more than all else about it. */
export function randomHex(digits: number): string {
  if (used + digits > drawn.length) {
    drawn = randomBytes(DRAWN_BYTES).toString('hex');
    used = 0;
  }
  return drawn.slice(used, (used += digits));
}
