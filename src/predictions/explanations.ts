import { Injectable, Logger } from '@nestjs/common';
import { AppError } from '../errors/app-error.js';
import { createExplainer, type Explainer, type ScoreExplanation } from '../ml/explain/explainer.js';
import type { ScoreUnit } from '../ml/explain/head.js';
import type { Beat } from '../ml/explain/row-sums.js';
import { UnexplainableError } from '../ml/explain/unexplainable.js';
import type { Evaluator } from '../ml/schema/evaluator.js';
import { encodeRows } from '../ml/schema/rows.js';
import type { Signature } from '../ml/schema/signature.js';
import { nextTurn } from '../ml/statistics/next-turn.js';
import { ModelRegistry, type ServableVersion } from '../models/model-registry.js';
import { EvaluatorCache } from './evaluator-cache.js';
import { LoadSlots } from './load-slots.js';

/** Computing time between two turns of the event loop, and of all rows of a request. */
const TURN_MS = 5;
const LIMIT_MS = 10_000;
/** Requests that may wait for the one being explained. */
const MOST_WAITING = 16;
/** Contributions in one answer: to serialise more would hold up the event loop. */
const MOST_NUMBERS = 50_000;

/** What one score of a row is made of. */
export interface ExplainedScore {
  /** The class that the score speaks for: all of them, but of two classes the second only. Null for a regression. */
  readonly class: string | null;
  readonly base: number;
  readonly output: number;
  /** By input column; base + their sum = output. */
  readonly contributions: Readonly<Record<string, number>>;
}

export interface PredictionExplanation {
  readonly unit: ScoreUnit;
  /** Whether the probabilities of the answer were made of these scores by a calibration. */
  readonly calibrated: boolean;
  readonly scores: readonly ExplainedScore[];
}

/** Explains predictions, one request at a time and in short turns of the event loop. */
@Injectable()
export class Explanations {
  private readonly logger = new Logger('Explanations');
  private readonly slot = new LoadSlots(1);
  private waiting = 0;

  constructor(
    private readonly evaluators: EvaluatorCache,
    private readonly registry: ModelRegistry,
  ) {}

  /** @throws AppError INVALID_STATE for a version whose predictions can't be explained. */
  async assertExplainable(version: ServableVersion): Promise<void> {
    await this.evaluators.use(version, ({ evaluator }) => this.explainerOf(version, evaluator));
  }

  /**
   * @param rows that the version has answered.
   * @throws AppError INVALID_STATE as {@link assertExplainable}; LIMIT_EXCEEDED for more than can be computed or answered at
   *   once; RATE_LIMITED if too many wait already.
   */
  async explain(version: ServableVersion, rows: readonly unknown[]): Promise<readonly PredictionExplanation[]> {
    return this.evaluators.use(version, async ({ evaluator }) => {
      const explainer = await this.explainerOf(version, evaluator);
      checkSize(version, explainer, rows.length);
      const { batch } = encodeRows(version.signature, rows);
      const explained = await this.inLine(() => explainer.explain(batch, beatOf(version)));
      return explained.map((scores) => ({
        unit: explainer.unit,
        calibrated: explainer.calibrated,
        scores: scores.map((score) => named(version.signature, score)),
      }));
    });
  }

  /** As {@link explain}, for a version on trial: undefined if it fails, for whatever reason. */
  async tryExplain(
    version: ServableVersion,
    rows: readonly unknown[],
  ): Promise<readonly PredictionExplanation[] | undefined> {
    try {
      return await this.explain(version, rows);
    } catch (error) {
      const { modelName: model, version: number } = version;
      this.logger.warn({ err: error, model, version: number }, 'a challenger could not be explained');
      return undefined;
    }
  }

  private async explainerOf(version: ServableVersion, evaluator: Evaluator): Promise<Explainer> {
    try {
      return createExplainer(evaluator, await this.registry.columnMeansOf(version.versionId));
    } catch (error) {
      if (error instanceof UnexplainableError) throw unexplainable(version, error.message);
      throw error;
    }
  }

  private async inLine<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.waiting >= MOST_WAITING) {
      throw new AppError('RATE_LIMITED', 'Many requests wait to be explained already. Try again in a few seconds.');
    }
    this.waiting++;
    return this.slot.run(work).finally(() => this.waiting--);
  }
}

function unexplainable({ version, modelName }: ServableVersion, reason: string): AppError {
  return new AppError(
    'INVALID_STATE',
    `Predictions of version ${version} of ${modelName} cannot be explained: ${reason}. Ask without \`explain\`, or choose a version that was trained here.`,
  );
}

function checkSize({ version, signature }: ServableVersion, explainer: Explainer, rows: number): void {
  const most = Math.max(1, Math.floor(MOST_NUMBERS / (explainer.scores * signature.features.length)));
  if (rows <= most) return;
  throw new AppError(
    'LIMIT_EXCEEDED',
    `${rows} rows with explanations are too many for the columns and classes of version ${version}: send at most ${most} at a time.`,
    { rows, maxRows: most },
  );
}

function beatOf({ version }: ServableVersion): Beat {
  const began = performance.now();
  let turn = began;
  return async () => {
    const now = performance.now();
    if (now - began > LIMIT_MS) {
      throw new AppError(
        'LIMIT_EXCEEDED',
        `Explaining these rows with version ${version} takes more than ${LIMIT_MS / 1000} s. Send fewer rows, or use a smaller model.`,
      );
    }
    if (now - turn < TURN_MS) return;
    await nextTurn();
    turn = performance.now();
  };
}

function named({ classes, features }: Signature, score: ScoreExplanation): ExplainedScore {
  const { base, output, contributions } = score;
  return {
    class: score.class === undefined ? null : (classes?.[score.class] ?? null),
    base,
    output,
    contributions: Object.fromEntries(features.map(({ name }, i) => [name, contributions[i]!])),
  };
}
