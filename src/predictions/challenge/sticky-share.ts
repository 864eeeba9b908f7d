import { type Hash, hashText } from '../../ml/statistics/hash.js';

/** Any fixed numbers: the lanes of a hash must begin apart. */
const SEED: Hash = { low: 0x6a09_e667, high: 0xbb67_ae85 };

/** What a challenge is known by in the choice of its rows. */
export interface ChallengeIdentity {
  readonly modelId: string;
  /** Of the challenger. */
  readonly versionId: string;
}

/**
 * Which rows a challenger gets: those whose key hashes below the share, so that a key always goes the same way, on every
 * replica. Each challenge hashes in its own way: whoever gets one challenger is not likelier to get the next.
 */
export class StickyShare {
  private readonly seed: Hash;

  constructor(
    { modelId, versionId }: ChallengeIdentity,
    private readonly share: number,
  ) {
    this.seed = hashText(`${modelId} ${versionId}`, SEED);
  }

  includes(key: string): boolean {
    return liesBelow(hashText(key, this.seed), this.share);
  }
}

/** Whether a hash is among the lowest `share` of all hashes. */
export function liesBelow({ low, high }: Hash, share: number): boolean {
  return (high * 0x20_0000 + (low >>> 11)) / 0x20_0000_0000_0000 < share;
}

/** What a row of a request is known by: the caller's name for it, otherwise its place in this very request. */
export function rowKey(correlationIds: readonly string[] | null | undefined, requestId: string, row: number): string {
  return correlationIds?.[row] ?? `${requestId} ${row}`;
}
