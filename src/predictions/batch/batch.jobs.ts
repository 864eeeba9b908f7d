import { z } from 'zod';
import { defineJob } from '../../platform/queue/job-definition.js';

/** Scores one batch; a retry is for workers that die, and begins again. */
export const scoreBatchJob = defineJob({
  name: 'score-batch',
  schema: z.object({ batchId: z.uuid() }),
  retries: 5,
  timeoutSeconds: 86_400,
});

/** Removes the file of a batch that was deleted. */
export const deleteBatchFileJob = defineJob({ name: 'delete-batch-file', schema: z.object({ batchId: z.uuid() }) });
