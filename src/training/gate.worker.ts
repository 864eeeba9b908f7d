import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { type Contest, PromotionContest } from '../models/promotion-contest.js';
import { HandlesJob, type JobContext, type JobHandler } from '../platform/queue/job-handler.js';
import { Registrations } from './registration/registrations.js';
import { askGateJob } from './training.jobs.js';
import { TrainingRun } from './training-run.entity.js';

/** Hands the versions of a finished group of runs, or that of a registration, to the promotion gate. */
@HandlesJob(askGateJob)
export class GateWorker implements JobHandler<{ groupId: string }> {
  constructor(
    @InjectRepository(TrainingRun) private readonly runs: Repository<TrainingRun>,
    private readonly registrations: Registrations,
    private readonly contest: PromotionContest,
  ) {}

  async handle({ groupId }: { groupId: string }, { signal, isLastAttempt }: JobContext): Promise<void> {
    const contest = (await this.contestOfRuns(groupId)) ?? (await this.registrations.contestOf(groupId));
    if (!contest) return; // The model, and what belongs to it, was deleted meanwhile.
    try {
      await this.contest.decide(contest, signal);
    } catch (error) {
      if (isLastAttempt) await this.contest.giveUp(contest, error);
      throw error;
    }
  }

  private async contestOfRuns(groupId: string): Promise<Contest | undefined> {
    const runs = await this.runs.findBy({ groupId, state: 'SUCCEEDED' });
    const [first] = runs;
    if (!first) return undefined;
    const { modelId, datasetVersionId } = first;
    return { id: groupId, modelId, datasetVersionId, versionIds: runs.flatMap(({ versionId }) => versionId ?? []) };
  }
}
