import { z } from 'zod';
import { defineJob } from '../platform/queue/job-definition.js';

/** Removes the artifacts of a deleted model. */
export const deleteArtifactsJob = defineJob({
  name: 'delete-model-artifacts',
  schema: z.object({ modelId: z.uuid() }),
  retries: 10,
  timeoutSeconds: 3600,
});
