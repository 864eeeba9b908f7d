import { Inject, Injectable, OnModuleInit } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import { Histogram } from 'prom-client';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { CompiledEvaluator } from '../../ml/onnx/compile.js';
import type { Route, ServableVersion, VersionSelector } from '../../models/model-registry.js';
import { EvaluatorCache } from '../evaluator-cache.js';
import type { LargeBody } from '../large-body.js';
import { LogModes } from '../log-modes.js';
import { readRequest } from '../predict-body.js';
import { type Computed, type Execution, type OpenedRequest, PredictionFlow } from '../prediction-flow.js';
import { PREDICTION_DURATION } from '../prediction.metrics.js';
import { type PredictionAnswer, PredictionsService } from '../predictions.service.js';
import { loggedAs, type RequestContext } from '../request-context.js';
import { revived } from './error-data.js';
import { ScoringThreads, type ThreadBody } from './scoring-threads.js';
import type { ScoredBody, ScoreOrder } from './thread-messages.js';

/** An answer; or its JSON, as it leaves. */
export type AnswerOrJson = PredictionAnswer | Uint8Array;

/**
 * Answers large bodies with threads: these parse, check and score the rows, and make the text of the answer and the rows
 * of the log, so that the event loop is held by none of it, and its heap holds nothing but bytes. What takes a challenger or
 * explanations, or a model that only ONNX Runtime knows, is read and scored here, block by block.
 */
@Injectable()
export class LargePredictions implements OnModuleInit {
  constructor(
    private readonly flow: PredictionFlow,
    private readonly inPlace: PredictionsService,
    private readonly threads: ScoringThreads,
    private readonly evaluators: EvaluatorCache,
    private readonly log: LogModes,
    @Inject(CONFIG) private readonly config: Config,
    @InjectMetric(PREDICTION_DURATION) private readonly durations: Histogram,
  ) {}

  onModuleInit(): void {
    this.evaluators.whenGivenUp((versionId) => {
      this.threads.forget(versionId);
    });
  }

  /** @throws AppError as {@link PredictionsService.predict} does, for a body of another form, and if threads are busy. */
  predict(selector: VersionSelector, body: LargeBody, context: RequestContext): Promise<AnswerOrJson> {
    const hashed = context.idempotencyKey !== undefined;
    const order = { body: body.bytes, selector, maxRows: this.config.PREDICTION_MAX_ROWS, hashed };
    return this.flow.answer(context, async (answer) => {
      const opened = await this.threads.open(order);
      try {
        return await answer(this.requestOf(opened, selector));
      } finally {
        opened.close();
      }
    });
  }

  private requestOf(body: ThreadBody, path: VersionSelector): OpenedRequest<AnswerOrJson> {
    const { rows, algorithm, stage, refusal, sha256 } = body.known;
    const selector = { ...path, algorithm, stage };
    return {
      selector,
      rows,
      check: () => {
        if (refusal) throw revived(refusal);
      },
      hash: () => Promise.resolve(sha256!),
      compute: async (route, execution) => {
        const computed =
          (await this.computeThere(body, route, execution)) ?? (await this.computeHere(body, path, route, execution));
        // What comes now is waiting for the database: the next body may have the thread.
        body.close();
        return computed;
      },
    };
  }

  /** Undefined for what is not scored by threads. */
  private async computeThere(
    body: ThreadBody,
    { version, challenge }: Route,
    execution: Execution,
  ): Promise<Computed<Uint8Array> | undefined> {
    if (challenge || body.known.explain) return undefined;
    return this.evaluators.use(version, async ({ evaluator, counter }) => {
      if (!(evaluator instanceof CompiledEvaluator)) return undefined;
      const { modelId, versionId, binningId, binner } = counter;
      const { program } = evaluator;
      const sent = { modelId, versionId, binningId, layout: binner.layout, signature: version.signature, program };
      const { answer, logged, milliseconds } = await body.thread.score(this.orderOf(body, version, execution), sent);
      this.observe('validate', milliseconds);
      this.observe('evaluate', milliseconds);
      return {
        answer,
        text: () => Buffer.from(answer).toString(),
        toLog: { ...logged, counter },
        challenged: 0,
        // Memory outside of the heap brings on a garbage collection of all of it, unless it is given back.
        committed: () => void logged.bytes.buffer.transfer(0),
      };
    });
  }

  private async computeHere(
    { thread, id }: ThreadBody,
    path: VersionSelector,
    route: Route,
    execution: Execution,
  ): Promise<Computed<PredictionAnswer>> {
    const request = readRequest(await thread.takeBack(id), path);
    return this.inPlace.open(request).compute(route, execution);
  }

  private orderOf(
    { id }: ThreadBody,
    { modelName: name, version, algorithm, serving }: ServableVersion,
    execution: Execution,
  ): Omit<ScoreOrder, 'versionId'> {
    return {
      opened: id,
      model: { name, version, algorithm },
      arrivedAt: performance.timeOrigin + execution.arrived,
      deadline: performance.timeOrigin + execution.limit.deadline,
      loggedAs: loggedAs(execution),
      logShare: this.log.shareOf(serving.predictionLogMode, execution.claim),
    };
  }

  private observe(phase: keyof ScoredBody['milliseconds'], milliseconds: ScoredBody['milliseconds']): void {
    this.durations.observe({ phase }, milliseconds[phase] / 1_000);
  }
}
