import { type Hash, hashText } from '../ml/statistics/hash.js';
import { liesBelow } from './challenge/sticky-share.js';
import type { LogRow } from './prediction-rows.js';

/** Any fixed numbers, but not those by which canaries choose: a sample must not be a canary's rows. */
const SEED: Hash = { low: 0x3c6e_f372, high: 0xa54f_f53a };

/**
 * The share of rows that is logged: chosen by what callers call them, so that all replicas keep the same ones, and all
 * predictions of one of them.
 */
export function sampleOf(rows: readonly LogRow[], share: number): readonly LogRow[] {
  if (share === 1) return rows;
  return rows.filter(({ correlationId, id }) => liesBelow(hashText(correlationId ?? id, SEED), share));
}
