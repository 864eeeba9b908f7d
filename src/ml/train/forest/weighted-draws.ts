import type { Random } from '../../statistics/random.js';

/** A distribution over rows to draw from in constant time; on SharedArrayBuffers. */
export interface WeightedDraws {
  /** Chance that a draw of row i stays there; otherwise it becomes that of alias[i]. */
  readonly stays: Float64Array;
  readonly alias: Uint32Array;
}

/**
 * Walker's alias method, built as Vose 1991 describes: every row has the same share of the draws, and gives what is too
 * much for its weight to one other row.
 * @param weights not negative, not all 0.
 */
export function weightedDraws(weights: Float64Array): WeightedDraws {
  const rows = weights.length;
  const stays = new Float64Array(new SharedArrayBuffer(8 * rows));
  const alias = new Uint32Array(new SharedArrayBuffer(4 * rows));
  const mean = weights.reduce((sum, weight) => sum + weight, 0) / rows;
  const light: number[] = [];
  const heavy: number[] = [];
  for (let row = 0; row < rows; row++) {
    stays[row] = weights[row]! / mean;
    (stays[row]! < 1 ? light : heavy).push(row);
  }
  while (light.length > 0 && heavy.length > 0) {
    const [giver, taker] = [light.pop()!, heavy.at(-1)!];
    alias[giver] = taker;
    stays[taker]! -= 1 - stays[giver]!;
    if (stays[taker]! < 1) light.push(heavy.pop()!);
  }
  // What is left differs from 1 by rounding errors only, or from 0.
  const somebody = weights.findIndex((weight) => weight >= mean);
  for (const row of [...light, ...heavy]) {
    stays[row] = weights[row]! > 0 ? 1 : 0;
    alias[row] = somebody;
  }
  return { stays, alias };
}

/** @returns a row. */
export function drawWeighted({ stays, alias }: WeightedDraws, random: Random): number {
  const row = random.below(stays.length);
  return random.uniform() < stays[row]! ? row : alias[row]!;
}
