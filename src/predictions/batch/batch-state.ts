/** Where a batch stands. The last three are final. */
export const BATCH_STATES = ['QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED'] as const;
export type BatchState = (typeof BATCH_STATES)[number];

export const ACTIVE_STATES = ['QUEUED', 'RUNNING'] as const satisfies readonly BatchState[];

export function isOver(state: BatchState): boolean {
  return !(ACTIVE_STATES as readonly BatchState[]).includes(state);
}

/** The states from which each state can be reached. A batch whose worker died begins again, so RUNNING follows itself. */
const SOURCES: Readonly<Record<BatchState, readonly BatchState[]>> = {
  QUEUED: [],
  RUNNING: ACTIVE_STATES,
  SUCCEEDED: ['RUNNING'],
  FAILED: ACTIVE_STATES,
  CANCELLED: ACTIVE_STATES,
};

export function sourcesOf(state: BatchState): readonly BatchState[] {
  return SOURCES[state];
}
