import { Injectable, SetMetadata } from '@nestjs/common';
import { JobDefinition } from './job-definition.js';

/** What a handler gets besides the payload. */
export interface JobContext {
  readonly id: string;
  /** Aborted when the job is over its time or the process shuts down; the job then runs again elsewhere. */
  readonly signal: AbortSignal;
  /** 1 for the first run. */
  readonly attempt: number;
  /** True if a failure of this run will not be tried again: the moment to record the failure for good. */
  readonly isLastAttempt: boolean;
}

export interface JobHandler<Payload extends object> {
  handle(payload: Payload, context: JobContext): Promise<void>;
}

export const JOB_METADATA = 'boucle:job';

/** Marks a provider as the handler of one kind of job. It must implement {@link JobHandler}. */
export function HandlesJob<Payload extends object>(definition: JobDefinition<Payload>): ClassDecorator {
  return (target) => {
    Injectable()(target);
    SetMetadata(JOB_METADATA, definition)(target);
  };
}
