import { AppError } from '../../errors/app-error.js';
import type { Progress } from '../../ml/train/heartbeat.js';
import { type Configuration, configurations } from '../../ml/train/search/configurations.js';
import { nextTask, type Task, tasksOf } from '../../ml/train/search/halving.js';
import { directionOf } from '../../models/gate-metrics.js';
import { failureReason } from './failure-reason.js';
import { formatProgress } from './progress-line.js';
import type { ContainerOptions } from './run-container.js';
import { knownTrials, type KnownTrial, type SearchOrder } from './search-order.js';
import { formatTrial, type TrialEvent } from './trial-line.js';
import type { TrialScores, TrialScoring } from './trial-scoring.js';

/** Progress is told in so many parts. */
const PARTS = 1000;

type Score = Pick<TrialEvent<'SCORED'>, 'score' | 'loss' | 'scores'>;

/** Successive halving over the configurations of a space. */
export class TrialSearch {
  private readonly planned: readonly Configuration[];
  private readonly known: Map<number, KnownTrial>;
  private readonly timeOver: AbortSignal;
  private readonly signal: AbortSignal;

  /** @param started when its time began, in milliseconds of performance.now(). */
  constructor(
    private readonly job: SearchOrder,
    private readonly scoring: TrialScoring,
    private readonly options: ContainerOptions,
    private readonly started: number,
  ) {
    const { search } = job;
    this.planned = configurations(search.space, search.seed, search.trials);
    this.known = new Map(knownTrials(search).map((trial) => [trial.number, trial]));
    this.timeOver = endOf(search.seconds, started);
    this.signal = AbortSignal.any([options.signal, this.timeOver]);
  }

  /** @throws the signal's reason after a stop; the end of the time is none. */
  async run(): Promise<void> {
    const { print, signal } = this.options;
    print(`${this.planned.length} of ${this.job.search.trials} trials, on ${this.scoring.rungs.join(', ')} rows`);
    while (!this.timeOver.aborted) {
      const task = nextTask([...this.known.values()], this.planned.length, this.scoring.rungs.length);
      if (!task) return;
      await this.perform(task);
      signal.throwIfAborted();
    }
    print('the time of the search is over');
  }

  /** Trains and scores one trial; one that fails, for whatever reason, is no reason to end the search. */
  private async perform({ number, rung }: Task): Promise<void> {
    const { print } = this.options;
    const trial = this.trialOf(number);
    const { algorithm, hyperparameters } = trial;
    const task = { number, rung, rows: this.scoring.rungs[rung]! };
    print(formatTrial({ event: 'STARTED', ...task, algorithm, hyperparameters }));
    const started = performance.now();
    const seconds = (): number => (performance.now() - started) / 1000;
    try {
      const score = await this.score(trial, rung);
      this.known.set(number, { ...trial, losses: new Map(trial.losses).set(rung, score.loss) });
      print(formatTrial({ event: 'SCORED', ...task, seconds: seconds(), ...score }));
    } catch (error) {
      if (this.signal.aborted) return; // Cut short, it says nothing about the trial.
      this.known.set(number, { ...trial, failed: true });
      print(formatTrial({ event: 'FAILED', ...task, seconds: seconds(), failure: failureReason(error) }));
    }
  }

  private async score({ number, algorithm, hyperparameters }: KnownTrial, rung: number): Promise<Score> {
    const { threads, workerUrl } = this.options;
    const { search, spec } = this.job;
    const scores = await this.scoring.score(algorithm, rung, {
      hyperparameters,
      classWeights: spec.weights?.classes,
      seed: search.seed,
      threads,
      signal: this.signal,
      workerUrl,
      onProgress: (progress) => {
        this.report({ number, rung }, progress);
      },
    });
    return this.judge(scores);
  }

  private judge(scores: TrialScores): Score {
    const { search, spec } = this.job;
    const score = scores[search.metric];
    if (typeof score !== 'number' || !Number.isFinite(score)) {
      throw new AppError('BAD_INPUT', `${search.metric} is undefined on the rows that trials are measured on.`);
    }
    const loss = directionOf(spec.task, search.metric) === 'HIGHER_IS_BETTER' ? -score : score;
    return { score, loss, scores };
  }

  private trialOf(number: number): KnownTrial {
    return this.known.get(number) ?? { ...this.planned[number - 1]!, number, failed: false, losses: new Map() };
  }

  private report({ number, rung }: Task, { done, total, message }: Progress): void {
    const trials = [...this.known.values()];
    const finished = trials.reduce((sum, { failed, losses }) => sum + losses.size + Number(failed), 0);
    const ofTasks = (finished + done / total) / tasksOf(this.planned.length, this.scoring.rungs.length);
    const { seconds } = this.job.search;
    const ofTime = seconds === null ? 0 : (performance.now() - this.started) / 1000 / seconds;
    const share = Math.min(1, Math.max(ofTasks, ofTime));
    const where = `trial ${number} on ${this.scoring.rungs[rung]!} rows: ${message}`;
    this.options.print(formatProgress({ done: Math.round(share * PARTS), total: PARTS, message: where }));
  }
}

function endOf(seconds: number | null, started: number): AbortSignal {
  if (seconds === null) return new AbortController().signal;
  return AbortSignal.timeout(Math.max(0, Math.ceil(seconds * 1000 - (performance.now() - started))));
}
