import { HandlesJob, type JobContext, type JobHandler } from '../platform/queue/job-handler.js';
import { ObjectStore } from '../platform/storage/object-store.js';
import { artifactPrefix } from './model-registration.js';
import { deleteArtifactsJob } from './models.jobs.js';

/** Frees the space of deleted models. What a killed worker left is removed by the next one. */
@HandlesJob(deleteArtifactsJob)
export class ArtifactsWorker implements JobHandler<{ modelId: string }> {
  constructor(private readonly objects: ObjectStore) {}

  async handle({ modelId }: { modelId: string }, { signal }: JobContext): Promise<void> {
    for await (const { key } of this.objects.list(artifactPrefix(modelId))) {
      signal.throwIfAborted();
      await this.objects.delete(key);
    }
  }
}
