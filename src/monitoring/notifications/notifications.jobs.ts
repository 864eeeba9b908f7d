import { z } from 'zod';
import { defineJob } from '../../platform/queue/job-definition.js';

/**
 * Makes one attempt of a delivery. What the receiver does wrong is noted and leads to a job for the next attempt; a retry
 * of the job itself is for workers that die, and repeats the attempt.
 */
export const deliverWebhookJob = defineJob({
  name: 'deliver-webhook',
  schema: z.object({ deliveryId: z.uuid(), attempt: z.number().int() }),
  retries: 20,
  timeoutSeconds: 60,
  concurrency: 8,
  // A receiver that hangs holds up its own deliveries, not those of others.
  groupConcurrency: 2,
});
