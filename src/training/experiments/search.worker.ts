import { Inject, Logger } from '@nestjs/common';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import type { ReadyVersion } from '../../datasets/dataset-version.entity.js';
import { DatasetsService } from '../../datasets/datasets.service.js';
import { ModelRegistry } from '../../models/model-registry.js';
import { HandlesJob, type JobContext, type JobHandler } from '../../platform/queue/job-handler.js';
import type { ProcessEnd } from '../backend/layout-process.js';
import { SearchProcess } from '../backend/search-process.js';
import type { SearchOrder } from '../container/search-order.js';
import { failureOf, MAX_ATTEMPTS } from '../job-failure.js';
import type { Lease } from '../../platform/database/leased-rows.js';
import { progressOf, reportWhile } from '../report-while.js';
import { specOf } from '../training-spec.js';
import { TrainingService } from '../training.service.js';
import type { Experiment } from './experiment.entity.js';
import type { ExperimentState } from './experiment-state.js';
import { Experiments } from './experiments.js';
import { searchJob } from './experiments.jobs.js';
import type { Trial } from './trial.entity.js';
import { Trials } from './trials.js';

/** Processes of a search that may end all of a sudden, each with a trial that is to blame, before the search is. */
const MAX_DEATHS = 3;

/**
 * Follows searches. It may be killed at any point: every result is recorded as it comes, and whoever takes the job up
 * next goes on behind the last one.
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
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async handle({ experimentId }: { experimentId: string }, context: JobContext): Promise<void> {
    const taken = await this.experiments.takeUp(experimentId);
    if (!taken) return;
    const { experiment } = taken;
    if (experiment.attempts > MAX_ATTEMPTS) {
      const advice =
        'most likely because memory ran out. Search on fewer rows or features, or give the worker more memory.';
      return this.experiments.fail(taken, `The worker ended ${MAX_ATTEMPTS} times during this search, ${advice}`);
    }
    try {
      const end = await this.search(taken, experiment, context.signal);
      await this.conclude(taken, experiment, end);
    } catch (error) {
      const { reason, isFinal } = failureOf(error, context);
      if (isFinal) {
        this.logger.error({ err: error, experimentId }, 'the search failed');
        return this.experiments.fail(taken, reason);
      }
      await this.experiments.handBack(taken, `waiting for the next attempt. ${reason}`);
      throw error;
    }
  }

  /** A trial with which the process ends all of a sudden is left out, and the others go on. */
  private async search(lease: Lease, experiment: Experiment, signal: AbortSignal): Promise<ProcessEnd> {
    for (let deaths = 1; ; deaths++) {
      const end = await this.searchOnce(lease, experiment, signal);
      if (end.kind !== 'FAILED' || !end.isSudden || deaths === MAX_DEATHS) return end;
      this.logger.warn({ experimentId: experiment.id, reason: end.reason }, 'a search ended all of a sudden');
      if (!(await this.experiments.failRunning(lease, end.reason))) return end;
    }
  }

  private async searchOnce(lease: Lease, experiment: Experiment, signal: AbortSignal): Promise<ProcessEnd> {
    const version = await this.datasets.versionById(experiment.datasetVersionId);
    const order = await this.orderOf(experiment, version);
    const fetchData = (path: string, stop: AbortSignal): Promise<void> => this.datasets.download(version, path, stop);
    const process = await SearchProcess.start(experiment.id, order, fetchData, { config: this.config, signal });
    const record = this.recorder(lease, process.output);
    try {
      const end = await reportWhile(process.follow(signal), async (isLast) => {
        const state = await this.undisturbed(record, lease);
        if (!isLast && state !== 'SEARCHING') process.cancel();
      });
      await record();
      return end;
    } finally {
      await process.release();
    }
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

  /** Writes what is new of a search. Lines that can't be written wait for the next time. Gives the state. */
  private recorder(lease: Lease, output: SearchProcess['output']): () => Promise<ExperimentState | undefined> {
    let written = '';
    return async () => {
      const lines = output.trials.slice();
      const changes = progressOf(output);
      const text = JSON.stringify(changes);
      const isKnown = text === written && lines.length === 0;
      const state = await this.experiments.record(lease, isKnown ? {} : changes, lines);
      written = text;
      output.trials.splice(0, lines.length);
      return state;
    };
  }

  /** A database that is away for a while is no reason to give up hours of work. */
  private async undisturbed(
    record: () => Promise<ExperimentState | undefined>,
    lease: Lease,
  ): Promise<ExperimentState | undefined> {
    try {
      return await record();
    } catch (error) {
      this.logger.warn({ err: error, experimentId: lease.id }, 'the progress of a search could not be written');
      return 'SEARCHING';
    }
  }

  private async conclude(lease: Lease, experiment: Experiment, end: ProcessEnd): Promise<void> {
    if (end.kind === 'STOPPED') return this.experiments.confirmCancelled(lease);
    if (end.kind === 'FAILED') return this.experiments.fail(lease, end.reason);
    const best = (await this.trials.bestOf([experiment.id])).get(experiment.id);
    if (!best) return this.experiments.fail(lease, await this.whyNone(experiment));
    if (!(await this.train(lease, experiment, best))) await this.experiments.confirmCancelled(lease);
  }

  /** The best configuration as an ordinary training; it registers a version and goes before the gate. */
  private async train(lease: Lease, experiment: Experiment, { number, algorithm, hyperparameters, results }: Trial) {
    const model = await this.registry.modelById(experiment.modelId);
    const version = await this.datasets.versionById(experiment.datasetVersionId);
    const { metric, seed, weights, folds, requestedBy } = experiment;
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
