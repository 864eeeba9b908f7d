import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { PromotionContest } from '../models/promotion-contest.js';
import { HandlesJob, type JobContext, type JobHandler } from '../platform/queue/job-handler.js';
import { askGateJob } from './training.jobs.js';
import { TrainingRun } from './training-run.entity.js';

/** Hands the versions of a finished group of runs to the promotion gate. */
@HandlesJob(askGateJob)
export class GateWorker implements JobHandler<{ groupId: string }> {
  constructor(
    @InjectRepository(TrainingRun) private readonly runs: Repository<TrainingRun>,
    private readonly contest: PromotionContest,
  ) {}

  async handle({ groupId }: { groupId: string }, { signal, isLastAttempt }: JobContext): Promise<void> {
    const runs = await this.runs.findBy({ groupId, state: 'SUCCEEDED' });
    const versionIds = runs.flatMap(({ versionId }) => versionId ?? []);
    const [first] = runs;
    if (!first) return; // The model, and the runs with it, was deleted meanwhile.
    const { modelId, datasetVersionId } = first;
    const contest = { id: groupId, modelId, datasetVersionId, versionIds };
    try {
      await this.contest.decide(contest, signal);
    } catch (error) {
      if (isLastAttempt) await this.contest.giveUp(contest, error);
      throw error;
    }
  }
}
