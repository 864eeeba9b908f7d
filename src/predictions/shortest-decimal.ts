/** Numbers of 7 digits are short enough; 9 tell any float32 from its neighbours. */
const FEWEST_DIGITS = 7;
const MOST_DIGITS = 9;
/** 10^i; each is exact as a double. */
const POWERS = Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
/** By less than this a product with a power of ten is off, below 10^9. */
const ROUNDING = 1e-6;

/**
 * The number with the fewest digits, from 7 on, that is the same float32: 0.3 rather than 0.30000001192092896.
 * An integer of those digits and a power of ten are both exact as doubles, so their quotient is the double nearest to the
 * decimal (Clinger, How to read floating point numbers accurately, 1990), and no text has to be written and read.
 * @param value a finite float32.
 */
export function shortestDecimal(value: number): number {
  const magnitude = Math.abs(value);
  const decimals = decimalsOf(magnitude);
  if (decimals === undefined) return readShortest(value);
  for (let more = 0; more <= MOST_DIGITS - FEWEST_DIGITS; more++) {
    const power = POWERS[decimals + more]!;
    const scaled = magnitude * power;
    const digits = Math.round(scaled);
    // So close to the middle of two integers, the product does not tell which of them is nearer.
    if (Math.abs(Math.abs(scaled - digits) - 0.5) < ROUNDING) return readShortest(value);
    const short = digits / power;
    if (Math.fround(short) === magnitude) return value < 0 ? -short : short;
  }
  return readShortest(value);
}

/** Decimals that give a number seven digits; undefined where it, or the power of ten, is out of exact reach. */
function decimalsOf(magnitude: number): number | undefined {
  if (!(magnitude >= 1e-13 && magnitude < 1e7)) return undefined;
  let decimals = 0;
  while (magnitude * POWERS[decimals]! < 1e6) decimals++;
  return decimals;
}

function readShortest(value: number): number {
  for (let digits = FEWEST_DIGITS; digits < MOST_DIGITS; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(MOST_DIGITS));
}
