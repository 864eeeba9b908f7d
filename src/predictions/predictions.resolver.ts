import { setImmediate } from 'node:timers/promises';
import { Args, Context, ID, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { CurrentPrincipal, RequireRole } from '../auth/access.js';
import type { Principal } from '../auth/principal.js';
import type { GraphqlContext } from '../platform/graphql/graphql.module.js';
import { mapPage, Page } from '../platform/graphql/pagination.js';
import { loadInBatch } from '../platform/graphql/request-loader.js';
import { PredictionHistory, VersionName } from './prediction-history.service.js';
import { timeOfPredictionId } from './prediction-id.js';
import type { Prediction } from './prediction.entity.js';
import {
  LoggedPrediction,
  PredictedRow,
  PredictInput,
  PredictionArgs,
  PredictionPage,
  PredictionSet,
  ServingVersion,
} from './prediction.types.js';
import { PredictionAnswer, PredictionsService } from './predictions.service.js';

const TURN_ROWS = 512;

/** graphql-js completes a list in one go, however long; promised turn by turn, it lets others have theirs in between. */
function inTurns<Item>(items: readonly Item[]): (Item | Promise<Item>)[] {
  let turn = Promise.resolve();
  return items.map((item, index) => {
    if (index < TURN_ROWS) return item;
    if (index % TURN_ROWS === 0) turn = turn.then(() => setImmediate());
    return turn.then(() => item);
  });
}

type LoggedFields = ReturnType<typeof toLogged>;

@Resolver()
export class PredictionsResolver {
  constructor(
    private readonly predictions: PredictionsService,
    private readonly history: PredictionHistory,
  ) {}

  @Mutation(() => PredictionSet, {
    description:
      'Predicts rows with the champion of a model, or the version, algorithm or stage asked for. All are logged before they are answered. In a canary, a challenger answers some of the rows of the champion.',
  })
  @RequireRole('PREDICTOR')
  async predict(
    @Args('input') input: PredictInput,
    @CurrentPrincipal() principal: Principal,
    @Context() { request }: GraphqlContext,
  ): Promise<Omit<PredictionAnswer, 'predictions'> & { predictions: (PredictedRow | Promise<PredictedRow>)[] }> {
    const { model, predictions } = await this.predictions.predict(input, {
      principal,
      requestId: request.id,
      idempotencyKey: input.idempotencyKey ?? undefined,
    });
    return { model, predictions: inTurns(predictions) };
  }

  @Query(() => PredictionPage, { name: 'predictions', description: 'The prediction log, newest first.' })
  @RequireRole('ENGINEER')
  async list(@Args() args: PredictionArgs): Promise<Page<LoggedFields>> {
    return mapPage(await this.history.list(args.filter ?? {}, args), toLogged);
  }

  @Query(() => LoggedPrediction, { name: 'prediction', description: 'One logged prediction.' })
  @RequireRole('ENGINEER')
  async one(@Args('id', { type: () => ID }) id: string): Promise<LoggedFields> {
    return toLogged(await this.history.byId(id));
  }
}

@Resolver(() => LoggedPrediction)
export class LoggedPredictionResolver {
  constructor(private readonly history: PredictionHistory) {}

  @ResolveField(() => ServingVersion, {
    nullable: true,
    description: 'The version that answered; null once its model is deleted.',
  })
  async model(
    @Parent() { versionId }: LoggedPrediction,
    @Context() { request }: GraphqlContext,
  ): Promise<VersionName | null> {
    const load = (ids: readonly string[]) => this.history.versionNames(ids);
    return (await loadInBatch(request, 'predictions.versionNames', load, versionId)) ?? null;
  }
}

function toLogged(prediction: Prediction) {
  const { id, versionId, inputs, output, latencyUs, callerKind, callerId, correlationId, requestId, shadowOf } =
    prediction;
  return {
    id,
    time: timeOfPredictionId(id),
    versionId,
    inputs,
    value: output.value,
    probabilities: output.probabilities ?? null,
    latencyMs: latencyUs / 1_000,
    caller: { kind: callerKind, id: callerId },
    correlationId,
    requestId,
    shadow: shadowOf !== null,
    shadowOf,
  } satisfies LoggedPrediction;
}
