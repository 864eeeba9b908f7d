/**
 * Where a version stands. CANDIDATE: registered. CHALLENGER: recommended and waits for a person, or is tried beside the
 * champion. CHAMPION: serves by default. RETIRED: was champion. REJECTED: refused by a person, never served again.
 */
export const STAGES = ['CANDIDATE', 'CHALLENGER', 'CHAMPION', 'RETIRED', 'REJECTED'] as const;
export type Stage = (typeof STAGES)[number];

/** What an entry of the promotion ledger records. */
export const PROMOTION_ACTIONS = [
  'PROMOTED',
  'RECOMMENDED',
  'DECLINED',
  'REJECTED',
  'ROLLED_BACK',
  'CHALLENGED',
  'CHALLENGE_ENDED',
  'DELETED',
] as const;
export type PromotionAction = (typeof PROMOTION_ACTIONS)[number];

/** CANARY: the challenger answers a share of the rows. SHADOW: it scores a share of them as well, and nobody is told. */
export const CHALLENGE_KINDS = ['CANARY', 'SHADOW'] as const;
export type ChallengeKind = (typeof CHALLENGE_KINDS)[number];

/** Stages that a challenger goes back to. */
export type RestingStage = Extract<Stage, 'CANDIDATE' | 'RETIRED'>;

/** AUTOMATIC: the gate promotes by itself. MANUAL: it recommends, and a person promotes. */
export const PROMOTION_MODES = ['AUTOMATIC', 'MANUAL'] as const;
export type PromotionMode = (typeof PROMOTION_MODES)[number];

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

/** Why a version of this stage can't be put beside the champion; undefined if it can. */
export function challengeObstacle(stage: Stage): string | undefined {
  if (stage === 'CHAMPION') return 'it is the champion itself';
  if (stage === 'REJECTED') return 'it was rejected; train a new version instead';
  return undefined;
}
