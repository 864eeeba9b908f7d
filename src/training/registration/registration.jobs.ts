import { z } from 'zod';
import { defineJob } from '../../platform/queue/job-definition.js';

/** Checks an uploaded file and registers it. What is wrong with the file ends the registration, not the job. */
export const registerVersionJob = defineJob({
  name: 'register-version',
  schema: z.object({ registrationId: z.uuid() }),
  retries: 5,
  // The check itself is held to ONNX_TIMEOUT_SECONDS.
  timeoutSeconds: 86_400,
});
