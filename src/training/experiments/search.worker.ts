import { Logger } from '@nestjs/common';
import type { ReadyVersion } from '../../datasets/dataset-version.entity.js';
import { DatasetsService } from '../../datasets/datasets.service.js';
import { ModelRegistry } from '../../models/model-registry.js';
import type { Lease } from '../../platform/database/leased-rows.js';
import { HandlesJob, type JobContext, type JobHandler } from '../../platform/queue/job-handler.js';
import type { JobOutcome, TrainingBackend, TrainingJob } from '../backend/training-backend.js';
import { TrainingBackends } from '../backend/training-backends.js';
import type { SearchOrder } from '../container/search-order.js';
import { MAX_ATTEMPTS } from '../job-failure.js';
import { type Following, JobFollower } from '../job-follower.js';
import { specOf } from '../training-spec.js';
import { TrainingService } from '../training.service.js';
import type { Experiment } from './experiment.entity.js';
import { Experiments } from './experiments.js';
import { searchJob } from './experiments.jobs.js';
import { longestSearch } from './search-limits.js';
import { readTrials } from './search-result.js';
import type { Trial } from './trial.entity.js';
import { Trials } from './trials.js';

/** Processes of a search that may end all of a sudden, each with a trial that is to blame, before the search is. */
const MAX_DEATHS = 3;

/**
 * Follows searches. It may be killed at any point: every result is recorded as it comes, and whoever takes the job up
 * next goes on behind the last one, or follows on where the backend's jobs outlive their worker.
 */
@HandlesJob(searchJob)
export class SearchWorker implements JobHandler<{ experimentId: string }> {
  private readonly logger = new Logger('Experiments');

  constructor(
    private readonly experiments: Experiments,
    private readonly trials: Trials,
    private readonly training: TrainingService,
    private readonly datasets: DatasetsService,
    private readonly registry: ModelRegistry,
    private readonly backends: TrainingBackends,
    private readonly jobs: JobFollower,
  ) {}

  async handle({ experimentId }: { experimentId: string }, context: JobContext): Promise<void> {
    const taken = await this.experiments.takeUp(experimentId);
    if (!taken) return this.jobs.endCancellation(this.experiments, experimentId, context.signal);
    const { experiment } = taken;
    const backend = this.backends.of(experiment.backend);
    if (experiment.attempts > MAX_ATTEMPTS && !backend.outlivesWorker) {
      const advice =
        'most likely because memory ran out. Search on fewer rows or features, or give the worker more memory.';
      return this.experiments.fail(taken, `The worker ended ${MAX_ATTEMPTS} times during this search, ${advice}`);
    }
    try {
      await this.search(taken, experiment, backend, context.signal);
    } catch (error) {
      await this.jobs.afterError(this.experiments, taken, backend, { error, context });
    }
  }

  /** A trial with which the process ends all of a sudden is left out, and the others go on. */
  private async search(
    lease: Lease,
    experiment: Experiment,
    backend: TrainingBackend,
    signal: AbortSignal,
  ): Promise<void> {
    for (let deaths = 1, isOver = false; !isOver; deaths++) {
      const following: Following<boolean> = {
        working: 'SEARCHING',
        note: (changes, lines) => this.experiments.record(lease, changes, lines),
        conclude: async (outcome) => {
          const goesOn = deaths < MAX_DEATHS && (await this.leftOut(lease, outcome));
          if (!goesOn) await this.conclude(lease, experiment, outcome);
          return !goesOn;
        },
      };
      isOver = (await this.jobs.follow(backend, await this.jobOf(experiment), following, signal)) ?? true;
    }
  }

  /** Whether the search ended with one trial that is to blame, and may go on without it. */
  private async leftOut(lease: Lease, outcome: JobOutcome): Promise<boolean> {
    if (outcome.kind !== 'FAILED' || !outcome.isSudden) return false;
    this.logger.warn({ experimentId: lease.id, reason: outcome.reason }, 'a search ended all of a sudden');
    return this.experiments.failRunning(lease, outcome.reason);
  }

  private async jobOf(experiment: Experiment): Promise<TrainingJob> {
    const version = await this.datasets.versionById(experiment.datasetVersionId);
    return {
      id: experiment.id,
      order: await this.orderOf(experiment, version),
      dataKey: version.objectKey,
      fetchData: (path, stop) => this.datasets.download(version, path, stop),
      seconds: longestSearch(experiment.minutes),
    };
  }

  private async orderOf(experiment: Experiment, version: ReadyVersion): Promise<SearchOrder> {
    const model = await this.registry.modelById(experiment.modelId);
    const { seed, metric, space, trials, minutes } = experiment;
    const known = await this.trials.ofExperiment(experiment.id);
    const spent = known.reduce((sum, { seconds }) => sum + seconds, 0);
    return {
      spec: specOf(model, version, experiment),
      search: {
        seed,
        metric,
        space,
        trials,
        seconds: minutes === null ? null : Math.max(0, minutes * 60 - spent),
        records: known.map(recordOf),
      },
    };
  }

  private async conclude(lease: Lease, experiment: Experiment, outcome: JobOutcome): Promise<void> {
    if (outcome.kind === 'STOPPED') return this.experiments.confirmCancelled(lease);
    if (outcome.kind === 'FAILED') return this.experiments.fail(lease, outcome.reason);
    await this.experiments.record(lease, {}, await readTrials(outcome.archive));
    const best = (await this.trials.bestOf([experiment.id])).get(experiment.id);
    if (!best) return this.experiments.fail(lease, await this.whyNone(experiment));
    if (!(await this.train(lease, experiment, best))) await this.experiments.confirmCancelled(lease);
  }

  /** The best configuration as an ordinary training; it registers a version and goes before the gate. */
  private async train(lease: Lease, experiment: Experiment, { number, algorithm, hyperparameters, results }: Trial) {
    const model = await this.registry.modelById(experiment.modelId);
    const version = await this.datasets.versionById(experiment.datasetVersionId);
    const { metric, seed, weights, folds, backend, requestedBy } = experiment;
    const { score, rows } = results.at(-1)!;
    const message = `trial ${number} is the best: ${metric} ${Number(score.toPrecision(4))} after ${rows} rows; it is trained as a version`;
    return this.experiments.beginTraining(lease, message, async (manager) => {
      const [run] = await this.training.startWithin(manager, {
        model,
        version,
        algorithms: [algorithm],
        hyperparametersOf: () => hyperparameters,
        seed,
        weights: weights ?? undefined,
        folds: folds ?? undefined,
        trigger: 'EXPERIMENT',
        backend,
        requestedBy,
      });
      return run!.groupId;
    });
  }

  private async whyNone({ id, minutes }: Experiment): Promise<string> {
    const failed = (await this.trials.ofExperiment(id)).find(({ failure }) => failure !== null);
    if (failed) return `No trial could be scored. Trial ${failed.number} says why: ${failed.failure!}`;
    return `No trial was scored within ${minutes ?? 0} minutes. Give the search more time, or less to try: fewer trees, or smaller ranges.`;
  }
}

function recordOf({
  number,
  algorithm,
  hyperparameters,
  state,
  results,
}: Trial): SearchOrder['search']['records'][number] {
  return {
    number,
    algorithm,
    hyperparameters,
    failed: state === 'FAILED',
    losses: results.map(({ rung, loss }) => ({ rung, loss })),
  };
}
