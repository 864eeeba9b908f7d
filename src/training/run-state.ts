/** Where a training run stands. The last three are final. */
export const RUN_STATES = [
  'QUEUED',
  'RUNNING',
  'REGISTERING',
  'CANCELLING',
  'SUCCEEDED',
  'FAILED',
  'CANCELLED',
] as const;
export type RunState = (typeof RUN_STATES)[number];

const FINAL: readonly RunState[] = ['SUCCEEDED', 'FAILED', 'CANCELLED'];

export const ACTIVE_STATES: readonly RunState[] = RUN_STATES.filter((state) => !FINAL.includes(state));

/**
 * The states from which each state can be reached. RUNNING follows RUNNING and REGISTERING, too: a run whose worker
 * died begins again.
 */
const SOURCES: Readonly<Record<RunState, readonly RunState[]>> = {
  QUEUED: [],
  RUNNING: ['QUEUED', 'RUNNING', 'REGISTERING'],
  REGISTERING: ['RUNNING'],
  CANCELLING: ['RUNNING'],
  SUCCEEDED: ['REGISTERING'],
  FAILED: ['QUEUED', 'RUNNING', 'REGISTERING'],
  CANCELLED: ['QUEUED', 'CANCELLING'],
};

export function sourcesOf(state: RunState): readonly RunState[] {
  return SOURCES[state];
}

export function canBecome(from: RunState, to: RunState): boolean {
  return SOURCES[to].includes(from);
}

export function isFinal(state: RunState): boolean {
  return FINAL.includes(state);
}

/** What a request to cancel leads to: a run that nobody works on ends at once, a running one through its worker. */
export function cancellationOf(state: RunState): RunState | undefined {
  if (state === 'CANCELLING') return 'CANCELLING';
  return (['CANCELLED', 'CANCELLING'] as const).find((next) => canBecome(state, next));
}
