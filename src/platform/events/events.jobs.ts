import { z } from 'zod';
import { defineJob } from '../queue/job-definition.js';

/** Finds those who want to be told of an event. */
export const dispatchEventJob = defineJob({
  name: 'dispatch-event',
  schema: z.object({ eventId: z.uuid() }),
  retries: 20,
  timeoutSeconds: 60,
  concurrency: 2,
});
