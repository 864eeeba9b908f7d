const BINS = 256;

/** Which bins of a node's histogram hold rows: most nodes have fewer rows than a column has bins. */
export class FilledBins {
  /** The first `count` are filled, in ascending order. */
  readonly bins = new Uint8Array(BINS);
  count = 0;
  /** One bit a bin, all zero between calls. */
  private readonly mask = new Int32Array(BINS / 32);

  /** Finds them in the rows at the positions [start, end). */
  collect(codes: Uint8Array, rows: Uint32Array, start: number, end: number): void {
    const { bins, mask } = this;
    for (let i = start; i < end; i++) {
      const bin = codes[rows[i]!]!;
      mask[bin >> 5]! |= 1 << (bin & 31);
    }
    let count = 0;
    for (let word = 0; word < mask.length; word++) {
      for (let left = mask[word]!; left !== 0; left &= left - 1) {
        bins[count++] = (word << 5) + 31 - Math.clz32(left & -left);
      }
      mask[word] = 0;
    }
    this.count = count;
  }

  /** Finds them in the histogram itself, the weight of bin b at b times `stride`. */
  find(histogram: Float64Array, stride: number): void {
    let count = 0;
    for (let bin = 0; bin < BINS; bin++) if (histogram[bin * stride]! > 0) this.bins[count++] = bin;
    this.count = count;
  }
}
