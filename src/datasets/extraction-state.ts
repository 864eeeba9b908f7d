/** Where an extraction stands. The last four are final; only READY is a version with a snapshot. */
export const EXTRACTION_STATES = [
  'QUEUED',
  'RUNNING',
  'CANCELLING',
  'READY',
  'UNCHANGED',
  'FAILED',
  'CANCELLED',
] as const;
export type ExtractionState = (typeof EXTRACTION_STATES)[number];

export const ACTIVE_STATES = ['QUEUED', 'RUNNING', 'CANCELLING'] as const satisfies readonly ExtractionState[];

/** The states from which each can be reached. RUNNING follows itself: an extraction whose worker died begins again. */
const SOURCES: Readonly<Record<ExtractionState, readonly ExtractionState[]>> = {
  QUEUED: [],
  RUNNING: ['QUEUED', 'RUNNING'],
  CANCELLING: ['RUNNING'],
  READY: ['RUNNING'],
  UNCHANGED: ['RUNNING'],
  FAILED: ['QUEUED', 'RUNNING'],
  CANCELLED: ['QUEUED', 'CANCELLING'],
};

export function sourcesOf(state: ExtractionState): readonly ExtractionState[] {
  return SOURCES[state];
}

/** What a request to cancel leads to: one that nobody works on ends at once, a running one through its worker. */
export function cancellationOf(state: ExtractionState): 'CANCELLED' | 'CANCELLING' | undefined {
  if (state === 'QUEUED') return 'CANCELLED';
  return state === 'RUNNING' || state === 'CANCELLING' ? 'CANCELLING' : undefined;
}
