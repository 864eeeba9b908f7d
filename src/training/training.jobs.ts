import { z } from 'zod';
import { defineJob } from '../platform/queue/job-definition.js';

/** pg-boss's longest; a training's own limit is TRAINING_TIMEOUT_SECONDS. */
const DAY_SECONDS = 86_400;

/**
 * Follows one training run to its end. Failures of the training end the run; a retry is for workers that die or lose
 * their database or store, which happens to long runs more than once.
 */
export const trainJob = defineJob({
  name: 'train',
  schema: z.object({ runId: z.uuid() }),
  retries: 20,
  concurrency: (config) => config.TRAINING_PARALLEL,
  timeoutSeconds: DAY_SECONDS,
});

/**
 * Asks the promotion gate about the versions of a group of runs, when the last of them has ended, or about that of a
 * registration, which is then its own group.
 */
export const askGateJob = defineJob({
  name: 'ask-promotion-gate',
  schema: z.object({ groupId: z.uuid() }),
  retries: 5,
  timeoutSeconds: 3600,
});
