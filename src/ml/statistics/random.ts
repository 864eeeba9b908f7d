/**
 * Seeded generator used by everything random in `ml`: sfc32 (Chris Doty-Humphrey, PractRand), 128 bits of state,
 * seeded through splitmix32. Not for secrets.
 */
export class Random {
  /** Three words and a counter; plain number fields would be boxed beyond 31 bits. */
  private readonly state = new Int32Array(4);

  /**
   * @param seed any integer; only its lowest 53 bits count.
   * @param stream number of an independent sequence under the same seed (one a tree, say), so that results do not
   *   depend on which thread draws first.
   */
  constructor(seed: number, stream = 0) {
    let seeding = (seed ^ Math.imul(Math.floor(seed / 0x1_0000_0000), 0x9e37_79b1)) | 0;
    const next = (salt: number): number => {
      seeding = (seeding + 0x9e37_79b9 + salt) | 0;
      let z = Math.imul(seeding ^ (seeding >>> 16), 0x21f0_aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a_2d97);
      return z ^ (z >>> 15);
    };
    this.state.set([next(0), next(Math.imul(stream, 0x85eb_ca6b)), next(stream), 1]);
    // The first outputs still show the seed's structure.
    for (let i = 0; i < 15; i++) this.uint32();
  }

  /** Uniform integer in [0, 2³²). */
  uint32(): number {
    const { state } = this;
    const b = state[1]!;
    const c = state[2]!;
    const sum = (state[0]! + b + state[3]!) | 0;
    state[0] = b ^ (b >>> 9);
    state[1] = c + (c << 3);
    state[2] = ((c << 21) | (c >>> 11)) + sum;
    state[3] = state[3]! + 1;
    return sum >>> 0;
  }

  /** Uniform number in [0, 1) with 53 random bits. */
  uniform(): number {
    return ((this.uint32() >>> 5) * 0x400_0000 + (this.uint32() >>> 6)) / 0x20_0000_0000_0000;
  }

  /** Uniform integer in [0, bound), bound ≤ 2³². The bias of multiplying instead of rejecting is below bound / 2³². */
  below(bound: number): number {
    return ((this.uint32() / 0x1_0000_0000) * bound) >>> 0;
  }
}
