import type { PromotionAction } from './stage.js';

/** The part of a ledger entry that says who became champion. */
export interface ChampionChange {
  readonly action: PromotionAction;
  readonly versionId: string;
}

/** Entries that change the champion. */
export const CHAMPION_CHANGES = ['PROMOTED', 'ROLLED_BACK'] as const satisfies PromotionAction[];

/**
 * Finds the champions that a rollback can lead to, from the newest entry of the ledger back. Promotions stack up and a
 * rollback takes champions off, down to the one it leads to; so two rollbacks in a row go two champions back instead
 * of to and fro.
 */
export class ChampionLine {
  /** Versions that rollbacks led to and whose promotion was not met yet: what was promoted until then is off the stack. */
  private readonly sought: string[] = [];

  /**
   * @param change the next older change of the champion.
   * @returns the version if it stands on the stack: first the present champion, then the one before it, and so on.
   */
  next({ action, versionId }: ChampionChange): string | undefined {
    if (action === 'ROLLED_BACK' && this.sought.at(-1) !== versionId) this.sought.push(versionId);
    if (action !== 'PROMOTED') return undefined;
    if (this.sought.length === 0) return versionId;
    if (this.sought.at(-1) === versionId) this.sought.pop();
    else return undefined;
    return this.sought.length === 0 ? versionId : undefined;
  }
}
