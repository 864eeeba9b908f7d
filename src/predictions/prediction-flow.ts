import { Inject, Injectable } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import { Counter, Histogram } from 'prom-client';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { AppError } from '../errors/app-error.js';
import type { Route, ServableVersion, VersionSelector } from '../models/model-registry.js';
import { callerOf, checkMayUse } from './caller.js';
import type { Claim } from './idempotency/claim.js';
import { IdempotentRequests } from './idempotency/idempotent-requests.js';
import { LogModes } from './log-modes.js';
import { ModelRouter } from './model-router.js';
import {
  PREDICTION_DURATION,
  PREDICTION_ROWS,
  PredictionResultLabel,
  PREDICTIONS_TOTAL,
} from './prediction.metrics.js';
import type { RowsToLog } from './prediction-rows.js';
import type { RequestContext } from './request-context.js';
import { ServingLimits } from './serving-limits.js';
import { TimeLimit } from './time-limit.js';

/** A request whose rows are there, wherever they are scored. */
export interface OpenedRequest<Answer> {
  readonly selector: VersionSelector;
  readonly rows: number;
  /** @throws AppError for what can be told without knowing the model. */
  check(): void;
  /** Of what is asked for, the same for the same request. */
  hash(): Promise<Uint8Array>;
  compute(route: Route, execution: Execution): Promise<Computed<Answer>>;
}

/** A request under way. */
export interface Execution extends RequestContext {
  /** By `performance.now()`. */
  readonly arrived: number;
  readonly claim: Claim | undefined;
  readonly limit: TimeLimit;
}

/** An answer that may leave as soon as its rows are logged. */
export interface Computed<Answer> {
  readonly answer: Answer;
  /** The same as JSON, for those who ask again. */
  readonly text: () => string;
  readonly toLog: RowsToLog;
  /** How many of the rows the challenger answered. */
  readonly challenged: number;
  readonly committed: () => void;
}

/** The way of every request, whatever its protocol and wherever it is scored: admit → route → compute → log → answer. */
@Injectable()
export class PredictionFlow {
  constructor(
    private readonly limits: ServingLimits,
    private readonly router: ModelRouter,
    private readonly log: LogModes,
    private readonly idempotency: IdempotentRequests,
    @Inject(CONFIG) private readonly config: Config,
    @InjectMetric(PREDICTIONS_TOTAL) private readonly total: Counter,
    @InjectMetric(PREDICTION_DURATION) private readonly durations: Histogram,
    @InjectMetric(PREDICTION_ROWS) private readonly requestRows: Histogram,
  ) {}

  /**
   * Predicts all rows or none. When it resolves, what the log mode wants logged is committed: every prediction, by
   * default.
   * @throws AppError BAD_INPUT with the wrong fields, LIMIT_EXCEEDED for too many rows, NOT_FOUND or INVALID_STATE for
   *   the model, UNAVAILABLE if the prediction could not be logged, CONFLICT for an idempotency key that was used for
   *   another request, RATE_LIMITED for a caller who comes too often, TIMED_OUT for a model that takes too long, and what
   *   `open` and its request throw.
   * @param open calls back with the request once its rows are there, and may let go of them afterwards.
   */
  answer<Answer>(
    context: RequestContext,
    open: (answer: (request: OpenedRequest<Answer>) => Promise<Answer>) => Promise<Answer>,
  ): Promise<Answer> {
    const arrived = performance.now();
    return this.limits.admit(callerOf(context.principal).id, () =>
      open((request) => this.answerOnce(request, context, arrived)),
    );
  }

  private async answerOnce<Answer>(
    request: OpenedRequest<Answer>,
    context: RequestContext,
    arrived: number,
  ): Promise<Answer> {
    this.requestRows.observe(request.rows);
    request.check();
    checkMayUse(context.principal, request.selector.model);
    const { idempotencyKey: key, principal } = context;
    if (key === undefined) return this.execute(request, context, arrived);
    const claim = { callerId: callerOf(principal).id, key, sha256: await request.hash() };
    return this.idempotency.once(claim, () => this.execute(request, context, arrived, claim));
  }

  private async execute<Answer>(
    request: OpenedRequest<Answer>,
    context: RequestContext,
    arrived: number,
    claim?: Claim,
  ): Promise<Answer> {
    const route = await this.router.resolve(request.selector);
    const limit = new TimeLimit(route.version, arrived, this.config.PREDICTION_TIMEOUT_SECONDS);
    try {
      const computed = await limit.race(request.compute(route, { ...context, arrived, claim, limit }));
      await this.write(computed, route, claim);
      this.countAnswered(route, request.rows, computed.challenged);
      return computed.answer;
    } catch (error) {
      const refused = error instanceof AppError && error.code === 'BAD_INPUT';
      this.count(route.version, refused ? 'refused' : 'failed', request.rows);
      throw error;
    }
  }

  private async write(
    { toLog, text, committed }: Computed<unknown>,
    { version }: Route,
    claim: Claim | undefined,
  ): Promise<void> {
    const began = performance.now();
    const answered = claim && this.idempotency.answered(claim, text());
    await this.log.write(toLog, committed, version.serving.predictionLogMode, answered);
    this.durations.observe({ phase: 'log' }, (performance.now() - began) / 1_000);
  }

  private countAnswered({ version, challenge }: Route, rows: number, challenged: number): void {
    this.count(version, 'ok', rows - challenged);
    if (challenge && challenged > 0) this.count(challenge.challenger, 'ok', challenged);
  }

  private count(version: ServableVersion, result: PredictionResultLabel, rows: number): void {
    const { modelName, algorithm } = version;
    this.total.inc({ model: modelName, version: version.version, algorithm, result }, rows);
  }
}
