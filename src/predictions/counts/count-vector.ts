/**
 * Counts as bytes: for every bin with a count, in order, its distance from the last such bin and the count, both as
 * variable-length integers of 7 bits a byte, lowest first. The count's sign goes into its lowest bit, since taking
 * predictions out of the log adds negative counts.
 */
const CONTINUES = 0x80;
/** Counts stay below, so that with their sign they are exact; the longest take 8 bytes. */
const LIMIT = 2 ** 52;
const LONGEST = 8;

/** @throws RangeError for a count that is no whole number between −2^52 and 2^52. */
export function encodeCounts(counts: ArrayLike<number>): Buffer {
  let used = 0;
  for (let bin = 0; bin < counts.length; bin++) if (counts[bin] !== 0) used++;
  const bytes = Buffer.allocUnsafe(used * 2 * LONGEST);
  let end = 0;
  let last = -1;
  for (let bin = 0; bin < counts.length; bin++) {
    const count = counts[bin]!;
    if (count === 0) continue;
    if (!Number.isInteger(count) || !(Math.abs(count) < LIMIT)) throw new RangeError(`${count} is no count`);
    end = write(bytes, end, bin - last);
    end = write(bytes, end, count > 0 ? 2 * count : -2 * count + 1);
    last = bin;
  }
  // A copy, so that the row does not hold the generous buffer while it waits.
  return Buffer.from(bytes.subarray(0, end));
}

/**
 * Adds encoded counts to a vector of the same binning.
 * @throws RangeError if the bytes are damaged or belong to a longer vector.
 */
export function addCounts(bytes: Uint8Array, target: Float64Array): void {
  let at = 0;
  let bin = -1;
  const next = (): number => {
    let value = 0;
    for (let scale = 1; at < bytes.length; scale *= CONTINUES) {
      const byte = bytes[at++]!;
      if (byte < CONTINUES) return value + byte * scale;
      value += (byte - CONTINUES) * scale;
    }
    throw new RangeError('Encoded counts end in the middle of a number');
  };
  while (at < bytes.length) {
    bin += next();
    const signed = next();
    if (bin >= target.length) throw new RangeError(`Encoded counts have a bin ${bin}, the vector ${target.length}`);
    target[bin]! += signed % 2 === 0 ? signed / 2 : -(signed - 1) / 2;
  }
}

function write(bytes: Buffer, at: number, value: number): number {
  let rest = value;
  let end = at;
  while (rest >= CONTINUES) {
    bytes[end++] = (rest % CONTINUES) + CONTINUES;
    rest = Math.floor(rest / CONTINUES);
  }
  bytes[end++] = rest;
  return end;
}
