const { imul } = Math;

/** A 64-bit hash as two 32-bit lanes. Not for secrets. */
export interface Hash {
  readonly low: number;
  readonly high: number;
}

/** Hash of a text under a seed, which may be a hash as well. Two lanes of MurmurHash3 over its UTF-16 code units. */
export function hashText(text: string, seed: Hash): Hash {
  let { low, high } = seed;
  for (let i = 0; i < text.length; i++) {
    low = absorb(low, text.charCodeAt(i));
    high = absorb(high, text.charCodeAt(i));
  }
  return { low: finish(low ^ text.length), high: finish(high ^ text.length) };
}

/** Hash of 64 bits under a seed. */
export function hashWords(first: number, second: number, seed: Hash): Hash {
  return {
    low: finish(absorb(absorb(seed.low, first), second)),
    high: finish(absorb(absorb(seed.high, first), second)),
  };
}

/** One block of MurmurHash3 (x86, 32 bits). */
function absorb(hash: number, word: number): number {
  let k = imul(word, 0xcc9e_2d51);
  k = imul((k << 15) | (k >>> 17), 0x1b87_3593);
  const h = hash ^ k;
  return (imul((h << 13) | (h >>> 19), 5) + 0xe654_6b64) | 0;
}

/** The final avalanche of MurmurHash3. */
export function finish(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = imul(h, 0x85eb_ca6b);
  h = imul(h ^ (h >>> 13), 0xc2b2_ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
