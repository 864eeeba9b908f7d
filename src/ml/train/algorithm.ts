import type { Signature, Task } from '../schema/signature.js';
import { TrainingDataError, type TrainingWarning } from './errors.js';
import type { KeptTrees } from './trees/kept-trees.js';
import type { ForestSummary } from './trees/summary.js';
import { Heartbeat, type Watch } from './heartbeat.js';
import { resolveHyperparameters, type Hyperparameters, type HyperparameterSpec } from './hyperparameters.js';
import type { LinearSummary } from './linear/coefficients.js';
import { assertTargetVaries, type TrainingTable } from './table.js';
import { CLASS_BALANCE, rowWeights, type WeightOptions } from './weights.js';

export interface FitOptions extends Watch, WeightOptions {
  /** Checked against the trainer's specs; what is missing gets its default. */
  readonly hyperparameters?: Readonly<Record<string, unknown>>;
  readonly seed: number;
  /** Worker threads, at most; the result does not depend on it. Default 1: everything on the calling thread. */
  readonly threads?: number;
  /** For algorithms that grow many trees: those of an earlier attempt, and where to keep new ones. */
  readonly keptTrees?: KeptTrees;
  /** Compiled entry of worker threads, where it isn't beside this module (tests that run sources). */
  readonly workerUrl?: URL;
}

export type Summary = LinearSummary | ForestSummary;

export interface FittedModel {
  readonly onnx: Uint8Array;
  readonly signature: Signature;
  /** As used, with defaults filled in. */
  readonly hyperparameters: Hyperparameters;
  readonly summary: Summary;
  /** The table's warnings and those of the fit. */
  readonly warnings: readonly TrainingWarning[];
}

/** What an algorithm gets after the checks that all share. */
export interface FitContext {
  readonly table: TrainingTable;
  /** Of the rows; undefined if all weigh 1. */
  readonly weights: Float64Array | undefined;
  readonly hyperparameters: Hyperparameters;
  readonly seed: number;
  readonly threads: number;
  readonly workerUrl?: URL;
  readonly keptTrees?: KeptTrees;
  readonly watch: Watch;
  readonly heartbeat: Heartbeat;
  readonly warnings: TrainingWarning[];
}

interface Definition {
  readonly tasks: readonly Task[];
  readonly hyperparameters: readonly HyperparameterSpec[];
  readonly train: (context: FitContext) => Promise<Pick<FittedModel, 'onnx' | 'signature' | 'summary'>>;
}

export interface Trainer {
  readonly tasks: readonly Task[];
  readonly hyperparameters: readonly HyperparameterSpec[];
  /**
   * Fits a model on all rows of the table: give it the training part only. The same table, seed and hyperparameters
   * give the same bytes. The graph's output is `prediction` (regression) or `probabilities` (classes).
   *
   * @throws TrainingDataError, HyperparameterError, TrainingCancelled
   */
  fit(table: TrainingTable, options: FitOptions): Promise<FittedModel>;
}

/** Names of the graph's outputs, which no input may have. */
export const OUTPUT_NAMES: Readonly<Record<Task, string>> = {
  REGRESSION: 'prediction',
  CLASSIFICATION: 'probabilities',
};

/** A trainer of an algorithm, with the checks that every algorithm needs. */
export function defineTrainer({ tasks, hyperparameters, train }: Definition): Trainer {
  return {
    tasks,
    hyperparameters,
    async fit(table, options) {
      assertTask(tasks, table);
      const resolved = resolveHyperparameters(hyperparameters, options.hyperparameters);
      const warnings = [...table.warnings];
      const { seed, threads = 1, workerUrl, keptTrees } = options;
      const heartbeat = new Heartbeat(options);
      await heartbeat.beat();
      const context = {
        table,
        weights: rowWeights(table, options, resolved[CLASS_BALANCE.name] ?? 0),
        hyperparameters: resolved,
        seed,
        threads,
        workerUrl,
        keptTrees,
        watch: options,
        heartbeat,
        warnings,
      };
      return { ...(await train(context)), hyperparameters: resolved, warnings };
    },
  };
}

function assertTask(tasks: readonly Task[], { target, features }: TrainingTable): void {
  if (!tasks.includes(target.task)) {
    const message = `This algorithm is for ${tasks.join(' and ')}; "${target.name}" is the target of a ${target.task}.`;
    throw new TrainingDataError('WRONG_TASK', message);
  }
  const output = OUTPUT_NAMES[target.task];
  if (features.some((feature) => feature.name === output)) {
    const message = `A feature can't be called "${output}", the name of the model's output. Rename the column.`;
    throw new TrainingDataError('NAME_TAKEN', message);
  }
  assertTargetVaries(target);
}
