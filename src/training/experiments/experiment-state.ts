/** Where an experiment stands: in its search, in the training of what the search found, or at an end. */
export const EXPERIMENT_STATES = [
  'QUEUED',
  'SEARCHING',
  'TRAINING',
  'CANCELLING',
  'SUCCEEDED',
  'FAILED',
  'CANCELLED',
] as const;
export type ExperimentState = (typeof EXPERIMENT_STATES)[number];

/** States in which a worker is, or should be, at work on the search. */
export const SEARCHED_STATES: readonly ExperimentState[] = ['QUEUED', 'SEARCHING', 'CANCELLING'];

/** The states from which each state can be reached. A search whose worker died goes on, so SEARCHING follows itself. */
const SOURCES: Readonly<Record<ExperimentState, readonly ExperimentState[]>> = {
  QUEUED: [],
  SEARCHING: ['QUEUED', 'SEARCHING'],
  TRAINING: ['SEARCHING'],
  CANCELLING: ['SEARCHING'],
  SUCCEEDED: ['TRAINING'],
  FAILED: ['QUEUED', 'SEARCHING', 'TRAINING'],
  CANCELLED: ['QUEUED', 'CANCELLING', 'TRAINING'],
};

export function sourcesOf(state: ExperimentState): readonly ExperimentState[] {
  return SOURCES[state];
}

export function isOver(state: ExperimentState): boolean {
  return state === 'SUCCEEDED' || state === 'FAILED' || state === 'CANCELLED';
}
