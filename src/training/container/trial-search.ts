import { AppError } from '../../errors/app-error.js';
import { evaluateMetrics } from '../../ml/metrics/evaluate.js';
import { compile } from '../../ml/onnx/compile.js';
import { decodeModel } from '../../ml/onnx/decode.js';
import type { Progress } from '../../ml/train/heartbeat.js';
import { type Configuration, configurations } from '../../ml/train/search/configurations.js';
import { nextTask, rungsOf, type Task, tasksOf } from '../../ml/train/search/halving.js';
import { samplingOrder } from '../../ml/train/search/subsample.js';
import { selectRows, type TrainingTable } from '../../ml/train/table.js';
import { TRAINERS } from '../../ml/train/trainer.js';
import { scoreTable } from '../../models/evaluation/score-table.js';
import { directionOf } from '../../models/gate-metrics.js';
import { asCalibrated } from './calibrate.js';
import { type SplitTables, toEvaluation } from './evaluate-splits.js';
import { failureReason } from './failure-reason.js';
import { formatProgress } from './progress-line.js';
import type { ContainerOptions } from './run-container.js';
import { knownTrials, type KnownTrial, type SearchOrder } from './search-order.js';
import { formatTrial, type TrialEvent } from './trial-line.js';

export type TrialTables = Pick<SplitTables, 'train' | 'validation'>;

/** Progress is told in so many parts. */
const PARTS = 1000;

type Score = Pick<TrialEvent<'SCORED'>, 'score' | 'loss' | 'scores'>;

/** Successive halving over the configurations of a space. The rows of the lower rungs are samples of the training rows. */
export class TrialSearch {
  private readonly planned: readonly Configuration[];
  private readonly rungs: readonly number[];
  private readonly known: Map<number, KnownTrial>;
  private readonly order: Int32Array;
  private readonly timeOver: AbortSignal;
  private readonly signal: AbortSignal;
  private sample?: { readonly rung: number; readonly table: TrainingTable };

  /** @param started when its time began, in milliseconds of performance.now(). */
  constructor(
    private readonly job: SearchOrder,
    private readonly tables: TrialTables,
    private readonly options: ContainerOptions,
    private readonly started: number,
  ) {
    const { search } = job;
    this.planned = configurations(search.space, search.seed, search.trials);
    this.rungs = rungsOf(tables.train.rows);
    this.known = new Map(knownTrials(search).map((trial) => [trial.number, trial]));
    this.order = samplingOrder(tables.train, search.seed);
    this.timeOver = endOf(search.seconds, started);
    this.signal = AbortSignal.any([options.signal, this.timeOver]);
  }

  /** @throws the signal's reason after a stop; the end of the time is none. */
  async run(): Promise<void> {
    const { print, signal } = this.options;
    print(`${this.planned.length} of ${this.job.search.trials} trials, on ${this.rungs.join(', ')} rows`);
    while (!this.timeOver.aborted) {
      const task = nextTask([...this.known.values()], this.planned.length, this.rungs.length);
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
    const table = this.rowsOf(rung);
    const task = { number, rung, rows: table.rows };
    print(formatTrial({ event: 'STARTED', ...task, algorithm, hyperparameters }));
    const started = performance.now();
    const seconds = (): number => (performance.now() - started) / 1000;
    try {
      const score = await this.score(trial, table, rung);
      this.known.set(number, { ...trial, losses: new Map(trial.losses).set(rung, score.loss) });
      print(formatTrial({ event: 'SCORED', ...task, seconds: seconds(), ...score }));
    } catch (error) {
      if (this.signal.aborted) return; // Cut short, it says nothing about the trial.
      this.known.set(number, { ...trial, failed: true });
      print(formatTrial({ event: 'FAILED', ...task, seconds: seconds(), failure: failureReason(error) }));
    }
  }

  private async score(
    { number, algorithm, hyperparameters }: KnownTrial,
    table: TrainingTable,
    rung: number,
  ): Promise<Score> {
    const { signal } = this;
    const { threads, workerUrl } = this.options;
    const { seed } = this.job.search;
    const { onnx } = await TRAINERS[algorithm].fit(table, {
      hyperparameters,
      seed,
      threads,
      signal,
      workerUrl,
      onProgress: (progress) => {
        this.report({ number, rung }, progress);
      },
    });
    const { validation } = this.tables;
    const scores = await scoreTable(compile(decodeModel(onnx)), validation, signal);
    // Measured like the version that it may become.
    return this.judge(toEvaluation(evaluateMetrics(validation.target, asCalibrated(validation, scores, seed))).scores);
  }

  private judge(scores: Score['scores']): Score {
    const { search, spec } = this.job;
    const score = scores[search.metric];
    if (typeof score !== 'number' || !Number.isFinite(score)) {
      throw new AppError('BAD_INPUT', `${search.metric} is undefined on the validation rows.`);
    }
    const loss = directionOf(spec.task, search.metric) === 'HIGHER_IS_BETTER' ? -score : score;
    return { score, loss, scores };
  }

  private trialOf(number: number): KnownTrial {
    return this.known.get(number) ?? { ...this.planned[number - 1]!, number, failed: false, losses: new Map() };
  }

  private rowsOf(rung: number): TrainingTable {
    const { train } = this.tables;
    if (rung === this.rungs.length - 1) return train;
    // Only one sample at a time is kept: tasks come rung by rung.
    if (this.sample?.rung !== rung) {
      const rows = this.order.slice(0, this.rungs[rung]).sort();
      this.sample = { rung, table: selectRows(train, rows) };
    }
    return this.sample.table;
  }

  private report({ number, rung }: Task, { done, total, message }: Progress): void {
    const trials = [...this.known.values()];
    const finished = trials.reduce((sum, { failed, losses }) => sum + losses.size + Number(failed), 0);
    const ofTasks = (finished + done / total) / tasksOf(this.planned.length, this.rungs.length);
    const { seconds } = this.job.search;
    const ofTime = seconds === null ? 0 : (performance.now() - this.started) / 1000 / seconds;
    const share = Math.min(1, Math.max(ofTasks, ofTime));
    const where = `trial ${number} on ${this.rungs[rung]!} rows: ${message}`;
    this.options.print(formatProgress({ done: Math.round(share * PARTS), total: PARTS, message: where }));
  }
}

function endOf(seconds: number | null, started: number): AbortSignal {
  if (seconds === null) return new AbortController().signal;
  return AbortSignal.timeout(Math.max(0, Math.ceil(seconds * 1000 - (performance.now() - started))));
}
