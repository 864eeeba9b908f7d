/*
 * The bits of a float32, turned so that they order as the numbers do when they are read as unsigned: of negative numbers
 * all bits are turned over, of others the sign. −0 comes before 0.
 */

export function orderedBits(bits: number): number {
  return (bits ^ ((bits >> 31) | 0x8000_0000)) >>> 0;
}

function originalBits(ordered: number): number {
  return ordered ^ ((~(ordered | 0) >> 31) | 0x8000_0000);
}

const DIGIT_BITS = 11;
const DIGITS = 3;
/** Below it, counting digits costs more than it saves. */
const FEW = 2048;

/** Sorts in place, by radix: ascending, none of the numbers may be NaN. @returns the argument. */
export function sortFloats(values: Float32Array): Float32Array {
  if (values.length < FEW) return values.sort();
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  let source = bits.map(orderedBits);
  let target = new Uint32Array(values.length);
  for (let digit = 0; digit < DIGITS; digit++) {
    distribute(source, target, digit * DIGIT_BITS);
    [source, target] = [target, source];
  }
  for (let i = 0; i < bits.length; i++) bits[i] = originalBits(source[i]!);
  return values;
}

/** Copies the numbers ordered by one digit, equal ones in their old order. */
function distribute(source: Uint32Array, target: Uint32Array, shift: number): void {
  const mask = 2 ** DIGIT_BITS - 1;
  const next = new Uint32Array(mask + 2);
  for (let i = 0; i < source.length; i++) next[((source[i]! >>> shift) & mask) + 1]!++;
  for (let digit = 1; digit <= mask; digit++) next[digit]! += next[digit - 1]!;
  for (let i = 0; i < source.length; i++) target[next[(source[i]! >>> shift) & mask]!++] = source[i]!;
}
