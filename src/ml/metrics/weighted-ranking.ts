import { descendingOrder } from './ranking.js';
import type { Numbers } from './regression.js';
import type { Weights } from './weighted-metrics.js';

/** `ranking` on weighted rows: the order of the scores is found once. */
export class WeightedRanking {
  private readonly order: Uint32Array;
  /** By rank: 1 for a row of the class. */
  private readonly positive: Uint8Array;
  /** By rank: 1 for the last one of equal scores. */
  private readonly endsTie: Uint8Array;

  /** @param codes true classes. @param probabilities row-major [n, width]. @param ranked the class to rank. */
  constructor(codes: Int32Array, probabilities: Numbers, width: number, ranked: number) {
    const scores = Float64Array.from(codes, (_, row) => probabilities[row * width + ranked]!);
    this.order = descendingOrder(scores);
    this.positive = Uint8Array.from(this.order, (row) => (codes[row] === ranked ? 1 : 0));
    this.endsTie = Uint8Array.from(this.order, (row, rank) => (scores[row] === scores[this.order[rank + 1]!] ? 0 : 1));
  }

  /** @returns ROC AUC and average precision; NaN where undefined. */
  measure(weights: Weights): [rocAuc: number, prAuc: number] {
    let [truePositives, falsePositives, hits, misses, area, precision] = [0, 0, 0, 0, 0, 0];
    for (let rank = 0; rank < this.order.length; rank++) {
      const weight = weights[this.order[rank]!]!;
      if (this.positive[rank] === 1) hits += weight;
      else misses += weight;
      if (this.endsTie[rank] === 0 || hits + misses === 0) continue;
      area += misses * (truePositives + hits / 2);
      truePositives += hits;
      falsePositives += misses;
      precision += hits * (truePositives / (truePositives + falsePositives));
      hits = 0;
      misses = 0;
    }
    const isRanked = truePositives > 0 && falsePositives > 0;
    return [
      isRanked ? area / (truePositives * falsePositives) : NaN,
      truePositives > 0 ? precision / truePositives : NaN,
    ];
  }
}
