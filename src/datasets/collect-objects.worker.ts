import { Logger } from '@nestjs/common';
import { HandlesJob, type JobContext, type JobHandler } from '../platform/queue/job-handler.js';
import { DatasetObjects } from './dataset-objects.js';
import { collectObjectsJob } from './datasets.jobs.js';

/** Frees the space of what was deleted. */
@HandlesJob(collectObjectsJob)
export class CollectObjectsWorker implements JobHandler<object> {
  private readonly logger = new Logger('Datasets');

  constructor(private readonly objects: DatasetObjects) {}

  async handle(_: object, { signal }: JobContext): Promise<void> {
    const removed = await this.objects.collect(signal);
    if (removed > 0) this.logger.log({ removed }, 'objects that nothing refers to were removed');
  }
}
