import { z } from 'zod';
import { defineJob } from '../../platform/queue/job-definition.js';

/** Follows the search of one experiment to its end; as with trainings, a retry is for workers that die. */
export const searchJob = defineJob({
  name: 'search',
  schema: z.object({ experimentId: z.uuid() }),
  retries: 20,
  // pg-boss's longest; a search's own limits are its budget and TRAINING_TIMEOUT_SECONDS.
  timeoutSeconds: 86_400,
});
