import { z } from 'zod';
import { defineJob } from '../../platform/queue/job-definition.js';

/** Writes the labelled predictions that a retraining learns from into a version of a dataset. */
export const gatherLabelledJob = defineJob({
  name: 'gather-labelled-predictions',
  schema: z.object({ retrainingId: z.uuid() }),
  retries: 10,
  timeoutSeconds: 6 * 3600,
});
