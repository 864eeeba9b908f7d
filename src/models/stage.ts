/**
 * Where a version stands. CANDIDATE: registered. CHALLENGER: recommended, waits for a person. CHAMPION: serves by
 * default. RETIRED: was champion. REJECTED: refused by a person, never served again.
 */
export const STAGES = ['CANDIDATE', 'CHALLENGER', 'CHAMPION', 'RETIRED', 'REJECTED'] as const;
export type Stage = (typeof STAGES)[number];

/** What an entry of the promotion ledger records. */
export const PROMOTION_ACTIONS = ['PROMOTED', 'RECOMMENDED', 'DECLINED', 'REJECTED', 'ROLLED_BACK'] as const;
export type PromotionAction = (typeof PROMOTION_ACTIONS)[number];

/** AUTOMATIC: the gate promotes by itself. MANUAL: it recommends, and a person promotes. */
export const PROMOTION_MODES = ['AUTOMATIC', 'MANUAL'] as const;
export type PromotionMode = (typeof PROMOTION_MODES)[number];

/** The part of a ledger entry that {@link rollbackTarget} needs. */
export interface ChampionChange {
  readonly action: PromotionAction;
  readonly versionId: string;
}

/** Why a version of this stage can't become champion; undefined if it can. */
export function promotionObstacle(stage: Stage): string | undefined {
  if (stage === 'CHAMPION') return 'it is the champion already';
  if (stage === 'REJECTED') return 'it was rejected; train a new version instead';
  return undefined;
}

/** Why a version of this stage can't be rejected; undefined if it can. */
export function rejectionObstacle(stage: Stage): string | undefined {
  if (stage === 'CHAMPION') return 'it is the champion; roll back or promote another version first';
  if (stage === 'REJECTED') return 'it was rejected already';
  return undefined;
}

/**
 * The version a rollback leads to: the champion before the present one. Promotions stack up and a rollback takes one
 * off, so two rollbacks in a row go two champions back instead of to and fro. Rejected versions are passed over.
 *
 * @param ledger the model's entries, oldest first.
 */
export function rollbackTarget(
  ledger: readonly ChampionChange[],
  isRejected: (versionId: string) => boolean,
): string | undefined {
  const champions: string[] = [];
  for (const { action, versionId } of ledger) {
    if (action === 'PROMOTED') champions.push(versionId);
    if (action !== 'ROLLED_BACK') continue;
    while (champions.length > 0 && champions.at(-1) !== versionId) champions.pop();
  }
  const present = champions.pop();
  return champions.findLast((versionId) => versionId !== present && !isRejected(versionId));
}
