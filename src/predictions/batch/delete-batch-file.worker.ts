import { HandlesJob, type JobHandler } from '../../platform/queue/job-handler.js';
import { ObjectStore } from '../../platform/storage/object-store.js';
import { deleteBatchFileJob } from './batch.jobs.js';
import { batchKey } from './batch-predictions.js';

/** Frees the space of batches that were deleted. */
@HandlesJob(deleteBatchFileJob)
export class DeleteBatchFileWorker implements JobHandler<{ batchId: string }> {
  constructor(private readonly objects: ObjectStore) {}

  async handle({ batchId }: { batchId: string }): Promise<void> {
    await this.objects.delete(batchKey(batchId));
  }
}
