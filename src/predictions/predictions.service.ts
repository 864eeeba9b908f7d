import { Inject, Injectable } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import { Histogram } from 'prom-client';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import type { VersionAlgorithm } from '../models/algorithm.js';
import type { Route, ServableChallenge, ServableVersion } from '../models/model-registry.js';
import { Canary } from './challenge/canary.js';
import { ShadowQueue } from './challenge/shadow-queue.js';
import { Explanations, type PredictionExplanation } from './explanations.js';
import { EvaluatorCache } from './evaluator-cache.js';
import { type Computed, type Execution, type OpenedRequest, PredictionFlow } from './prediction-flow.js';
import { PREDICTION_DURATION } from './prediction.metrics.js';
import { checkRequest, hashOf, PredictionRequest } from './prediction-request.js';
import { logRowOf } from './prediction-rows.js';
import type { PredictionOutput } from './prediction.entity.js';
import { loggedAs, type RequestContext } from './request-context.js';
import { type ScoreOptions, scoreRows, ScoredRow } from './score-rows.js';

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

/** A row with its score and, if that was asked for, its explanation. */
interface Answer {
  readonly scored: ScoredRow;
  readonly explanation?: PredictionExplanation | undefined;
}

const NO_ANSWERS: ReadonlyMap<number, Answer> = new Map();

/** Answers rows that are there as objects: those of GraphQL, and of every REST body that is not large. */
@Injectable()
export class PredictionsService {
  constructor(
    private readonly flow: PredictionFlow,
    private readonly evaluators: EvaluatorCache,
    private readonly explanations: Explanations,
    private readonly canary: Canary,
    private readonly shadows: ShadowQueue,
    @Inject(CONFIG) private readonly config: Config,
    @InjectMetric(PREDICTION_DURATION) private readonly durations: Histogram,
  ) {}

  /** @throws AppError as {@link PredictionFlow.answer} does, and what {@link Explanations.explain} throws. */
  predict(request: PredictionRequest, context: RequestContext): Promise<PredictionAnswer> {
    return this.flow.answer(context, (answer) => answer(this.open(request)));
  }

  open(request: PredictionRequest): OpenedRequest<PredictionAnswer> {
    return {
      selector: request,
      rows: request.rows.length,
      check: () => {
        checkRequest(request, this.config.PREDICTION_MAX_ROWS);
      },
      hash: () => hashOf(request),
      compute: (route, execution) => this.answer(request, route, execution),
    };
  }

  private async answer(
    request: PredictionRequest,
    route: Route,
    execution: Execution,
  ): Promise<Computed<PredictionAnswer>> {
    const { version, challenge } = route;
    const { theirs, rows, latencyUs, explanations } = await this.compute(request, execution, route);
    const answer: PredictionAnswer = {
      model: { name: version.modelName, version: version.version, algorithm: version.algorithm },
      predictions: rows.map(({ id, output }, i) => ({
        id,
        ...output,
        ...(theirs.has(i) && { version: challenge!.challenger.version }),
        ...(explanations && { explanation: explanations[i]! }),
      })),
    };
    const as = loggedAs(execution);
    const toLog = rows.map((row, i) => logRowOf(row, as, latencyUs, request.correlationIds?.[i] ?? null));
    return {
      answer,
      text: () => JSON.stringify(answer),
      toLog,
      challenged: theirs.size,
      committed: () => {
        if (challenge?.kind === 'SHADOW') this.shadows.offer(challenge, request, toLog);
      },
    };
  }

  private async compute(
    request: PredictionRequest,
    { arrived, requestId, limit: { check } }: Execution,
    { version, challenge }: Route,
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

  private observe(phase: 'validate' | 'evaluate' | 'explain' | 'log', milliseconds: number): void {
    this.durations.observe({ phase }, milliseconds / 1_000);
  }
}
