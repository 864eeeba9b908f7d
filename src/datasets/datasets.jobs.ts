import { z } from 'zod';
import { defineJob } from '../platform/queue/job-definition.js';

const DAY_SECONDS = 86_400;

/**
 * Runs one extraction to its end. A failure of the extraction ends it; a retry is for workers that die or lose their
 * database or store. The extraction's own limit is SOURCE_TIMEOUT_SECONDS.
 */
export const extractJob = defineJob({
  name: 'extract',
  schema: z.object({ versionId: z.uuid() }),
  retries: 10,
  timeoutSeconds: DAY_SECONDS,
});

/** Removes the objects that no dataset version refers to any more. */
export const collectObjectsJob = defineJob({
  name: 'collect-dataset-objects',
  schema: z.object({}),
  retries: 5,
  timeoutSeconds: 3600,
});
