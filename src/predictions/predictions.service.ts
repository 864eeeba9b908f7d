import { Inject, Injectable } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import { Counter } from 'prom-client';
import { mayUseModel, Principal } from '../auth/principal.js';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { AppError } from '../errors/app-error.js';
import type { VersionAlgorithm } from '../models/algorithm.js';
import type { Route, ServableChallenge, ServableVersion } from '../models/model-registry.js';
import { Histogram } from '../platform/metrics/histogram.js';
import { callerOf } from './caller.js';
import { Canary } from './challenge/canary.js';
import { ShadowQueue } from './challenge/shadow-queue.js';
import { Explanations, type PredictionExplanation } from './explanations.js';
import { EvaluatorCache } from './evaluator-cache.js';
import { ModelRouter } from './model-router.js';
import { type Claim, requestHash } from './idempotency/claim.js';
import { IdempotentRequests } from './idempotency/idempotent-requests.js';
import { LogModes } from './log-modes.js';
import {
  PREDICTION_DURATION,
  PREDICTION_ROWS,
  PredictionResultLabel,
  PREDICTIONS_TOTAL,
} from './prediction.metrics.js';
import { checkRequest, PredictionRequest } from './prediction-request.js';
import type { LogRow } from './prediction-rows.js';
import type { PredictionOutput } from './prediction.entity.js';
import { ServingLimits } from './serving-limits.js';
import type { RequestContext } from './request-context.js';
import { type ScoreOptions, scoreRows, ScoredRow } from './score-rows.js';
import { TimeLimit } from './time-limit.js';

export interface PredictionAnswer {
  readonly model: { readonly name: string; readonly version: number; readonly algorithm: VersionAlgorithm };
  readonly predictions: readonly AnsweredRow[];
}

export interface AnsweredRow extends PredictionOutput {
  readonly id: string;
  /** The version that answered this row, if it was not `model` but its challenger. */
  readonly version?: number;
  readonly explanation?: PredictionExplanation;
}

/** A request under way. */
interface ExecutionContext extends RequestContext {
  readonly arrived: number;
  readonly claim: Claim | undefined;
}

/** A row with its score and, if that was asked for, its explanation. */
interface Answer {
  readonly scored: ScoredRow;
  readonly explanation?: PredictionExplanation | undefined;
}

const NO_ANSWERS: ReadonlyMap<number, Answer> = new Map();

/** Answers rows: route → validate → evaluate → log → answer. Every serving protocol goes through here. */
@Injectable()
export class PredictionsService {
  constructor(
    private readonly limits: ServingLimits,
    private readonly router: ModelRouter,
    private readonly evaluators: EvaluatorCache,
    private readonly explanations: Explanations,
    private readonly log: LogModes,
    private readonly idempotency: IdempotentRequests,
    private readonly canary: Canary,
    private readonly shadows: ShadowQueue,
    @Inject(CONFIG) private readonly config: Config,
    @InjectMetric(PREDICTIONS_TOTAL) private readonly total: Counter,
    @InjectMetric(PREDICTION_DURATION) private readonly durations: Histogram<'phase'>,
    @InjectMetric(PREDICTION_ROWS) private readonly requestRows: Histogram,
  ) {}

  /**
   * Predicts all rows or none. When it resolves, what the log mode wants logged is committed: every prediction, by
   * default.
   * @throws AppError BAD_INPUT with the wrong fields, LIMIT_EXCEEDED for too many rows, NOT_FOUND or INVALID_STATE for
   *   the model, UNAVAILABLE if the prediction could not be logged, CONFLICT for an idempotency key that was used for
   *   another request, RATE_LIMITED for a caller who comes too often, TIMED_OUT for a model that takes too long, and what
   *   {@link Explanations.explain} throws.
   */
  predict(request: PredictionRequest, context: RequestContext): Promise<PredictionAnswer> {
    return this.limits.admit(callerOf(context.principal).id, () => this.predictOnce(request, context));
  }

  private async predictOnce(request: PredictionRequest, context: RequestContext): Promise<PredictionAnswer> {
    const arrived = performance.now();
    this.requestRows.observe(request.rows.length, {});
    checkRequest(request, this.config.PREDICTION_MAX_ROWS);
    checkMayUse(context.principal, request.model);
    if (context.idempotencyKey === undefined) return this.execute(request, context, arrived);
    const claim = await claimOf(request, context, context.idempotencyKey);
    return this.idempotency.once(claim, () => this.execute(request, context, arrived, claim));
  }

  private async execute(
    request: PredictionRequest,
    context: RequestContext,
    arrived: number,
    claim?: Claim,
  ): Promise<PredictionAnswer> {
    const route = await this.router.resolve(request);
    try {
      return await this.answer(request, { ...context, arrived, claim }, route);
    } catch (error) {
      const refused = error instanceof AppError && error.code === 'BAD_INPUT';
      this.count(route.version, refused ? 'refused' : 'failed', request.rows.length);
      throw error;
    }
  }

  private async answer(request: PredictionRequest, context: ExecutionContext, route: Route): Promise<PredictionAnswer> {
    const { version, challenge } = route;
    const limit = new TimeLimit(version, context.arrived, this.config.PREDICTION_TIMEOUT_SECONDS);
    const { theirs, rows, latencyUs, explanations } = await limit.race(this.compute(request, context, route, limit));
    const answer: PredictionAnswer = {
      model: { name: version.modelName, version: version.version, algorithm: version.algorithm },
      predictions: rows.map(({ id, output }, i) => ({
        id,
        ...output,
        ...(theirs.has(i) && { version: challenge!.challenger.version }),
        ...(explanations && { explanation: explanations[i]! }),
      })),
    };
    const logging = performance.now();
    const logRows = rows.map((row, i) =>
      logRow(row, { context, latencyUs, correlationId: request.correlationIds?.[i] ?? null }),
    );
    const shadow = (): void => {
      if (challenge?.kind === 'SHADOW') this.shadows.offer(challenge, request, logRows);
    };
    const claim = context.claim && this.idempotency.answered(context.claim, answer);
    await this.log.write(logRows, shadow, version.serving.predictionLogMode, claim);
    this.observe('log', performance.now() - logging);
    this.count(version, 'ok', rows.length - theirs.size);
    if (challenge && theirs.size > 0) this.count(challenge.challenger, 'ok', theirs.size);
    return answer;
  }

  private async compute(
    request: PredictionRequest,
    { arrived, requestId }: ExecutionContext,
    { version, challenge }: Route,
    { check }: TimeLimit,
  ) {
    if (request.explain) await this.explanations.assertExplainable(version);
    const theirs = challenge?.kind === 'CANARY' ? await this.canaryAnswers(challenge, request, requestId) : NO_ANSWERS;
    check();
    const rows = await this.score(version, request, theirs, check);
    const latencyUs = Math.round((performance.now() - arrived) * 1_000);
    return { theirs, rows, latencyUs, explanations: await this.explain(version, request, theirs) };
  }

  /** What the challenger answers, and can explain if that is asked for. */
  private async canaryAnswers(
    challenge: ServableChallenge,
    request: PredictionRequest,
    requestId: string,
  ): Promise<ReadonlyMap<number, Answer>> {
    const scored = await this.canary.answers(challenge, request, requestId);
    const numbers = [...scored.keys()];
    const rows = numbers.map((row) => request.rows[row]);
    const asked = request.explain && rows.length > 0;
    const explanations = asked ? await this.explanations.tryExplain(challenge.challenger, rows) : [];
    if (!explanations) return NO_ANSWERS;
    return new Map(numbers.map((row, i) => [row, { scored: scored.get(row)!, explanation: explanations[i] }]));
  }

  /** The explanations of all rows, each by the version that answered it; undefined if nobody asked. */
  private async explain(
    version: ServableVersion,
    { rows, explain }: PredictionRequest,
    theirs: ReadonlyMap<number, Answer>,
  ): Promise<PredictionExplanation[] | undefined> {
    if (!explain) return undefined;
    const began = performance.now();
    const own = [...rows.keys()].filter((row) => !theirs.has(row));
    const explained =
      own.length === 0
        ? []
        : await this.explanations.explain(
            version,
            own.map((row) => rows[row]),
          );
    const merged = [...rows.keys()].map((row) => theirs.get(row)?.explanation);
    own.forEach((row, i) => (merged[row] = explained[i]));
    this.observe('explain', performance.now() - began);
    return merged as PredictionExplanation[];
  }

  /** The rows of a request in their order: those that the challenger answered, and all others by the version. */
  private async score(
    version: ServableVersion,
    { rows }: PredictionRequest,
    theirs: ReadonlyMap<number, Answer>,
    check: () => void,
  ): Promise<readonly ScoredRow[]> {
    if (theirs.size === 0) return this.scoreAll(version, rows, { check });
    const own = [...rows.keys()].filter((row) => !theirs.has(row));
    const ownRows = own.map((row) => rows[row]);
    const scored = own.length === 0 ? [] : await this.scoreAll(version, ownRows, { check, numbers: own });
    const merged = [...rows.keys()].map((row) => theirs.get(row)?.scored);
    own.forEach((row, i) => (merged[row] = scored[i]));
    return merged as ScoredRow[];
  }

  private async scoreAll(
    version: ServableVersion,
    rows: readonly unknown[],
    options: ScoreOptions,
  ): Promise<readonly ScoredRow[]> {
    const scored = await this.evaluators.use(version, (model) => scoreRows(version.signature, model, rows, options));
    this.observe('validate', scored.milliseconds.validate);
    this.observe('evaluate', scored.milliseconds.evaluate);
    return scored.rows;
  }

  private count(version: ServableVersion, result: PredictionResultLabel, rows: number): void {
    const { modelName, algorithm } = version;
    this.total.inc({ model: modelName, version: version.version, algorithm, result }, rows);
  }

  private observe(phase: 'validate' | 'evaluate' | 'explain' | 'log', milliseconds: number): void {
    this.durations.observe(milliseconds / 1_000, { phase });
  }
}

async function claimOf(request: PredictionRequest, { principal }: RequestContext, key: string): Promise<Claim> {
  const { model, version, algorithm, stage, explain, correlationIds, rows } = request;
  const about = [
    'predict',
    model,
    version ?? null,
    algorithm ?? null,
    stage ?? null,
    explain ?? false,
    correlationIds ?? null,
  ];
  return { callerId: callerOf(principal).id, key, sha256: await requestHash(about, rows) };
}

/** @throws AppError NOT_FOUND for an API key that is meant for other models. */
export function checkMayUse(principal: Principal, model: string): void {
  if (mayUseModel(principal, model)) return;
  throw new AppError(
    'NOT_FOUND',
    `This API key is not meant for a model ${model}. Use a key that names it, or ask an administrator for one.`,
  );
}

interface Answered {
  readonly context: RequestContext;
  readonly latencyUs: number;
  readonly correlationId: string | null;
}

function logRow(row: ScoredRow, { context, latencyUs, correlationId }: Answered): LogRow {
  const caller = callerOf(context.principal);
  const { modelId, versionId } = row.binned.counter;
  return {
    id: row.id,
    modelId,
    versionId,
    inputs: row.inputsJson,
    output: row.outputJson,
    latencyUs,
    callerKind: caller.kind,
    callerId: caller.id,
    correlationId,
    requestId: context.requestId,
    binned: row.binned,
    binnedRow: row.binnedRow,
  };
}
