import { z } from 'zod';
import type { Config } from '../../config/config.js';

/** A kind of job: what it is called, what its payload looks like, and how long it may take. */
export interface JobDefinition<Payload extends object = object> {
  readonly name: string;
  readonly schema: z.ZodType<Payload>;
  /** Attempts after the first, with exponential backoff from `retryDelaySeconds`. */
  readonly retries: number;
  readonly retryDelaySeconds: number;
  /** A job that takes longer is aborted and counts as failed. */
  readonly timeoutSeconds: number;
  /** A worker that gives no sign of life for this long is taken for dead, and the job runs again. At least 10. */
  readonly heartbeatSeconds: number;
  /** Jobs of this kind that one worker runs at the same time. */
  readonly concurrency: number | ((config: Config) => number);
  /** Jobs of one group, of those that `enqueue` was given one for, that one worker runs at the same time. */
  readonly groupConcurrency?: number;
}

type JobOptions<Payload extends object> = Pick<JobDefinition<Payload>, 'name' | 'schema'> &
  Partial<JobDefinition<Payload>>;

const definitions = new Map<string, JobDefinition>();

/**
 * Declares a kind of job. Handlers are attached with `@HandlesJob`; every handler must be idempotent, since a job whose
 * worker dies runs again.
 * @throws Error if the name is declared twice.
 */
export function defineJob<Payload extends object>(options: JobOptions<Payload>): JobDefinition<Payload> {
  const definition: JobDefinition<Payload> = {
    retries: 3,
    retryDelaySeconds: 2,
    timeoutSeconds: 3600,
    heartbeatSeconds: 10,
    concurrency: 1,
    ...options,
  };
  if (definitions.has(definition.name)) throw new Error(`job ${definition.name} is defined twice`);
  definitions.set(definition.name, definition);
  return definition;
}

export function definedJobs(): readonly JobDefinition[] {
  return [...definitions.values()];
}
