import { Global, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { JobQueue } from './job-queue.js';
import { JobRunner } from './job-runner.js';

/** Enqueueing, in every role. */
@Global()
@Module({ providers: [JobQueue], exports: [JobQueue] })
export class QueueModule {}

/** Running jobs, in the roles `worker` and `all`. */
@Module({ imports: [DiscoveryModule], providers: [JobRunner] })
export class QueueWorkerModule {}
