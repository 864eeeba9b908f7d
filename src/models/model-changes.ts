import { Injectable } from '@nestjs/common';
import type { ChangeTopic } from '../platform/events/change.js';
import { ChangeListener } from '../platform/events/change-listener.js';
import type { ChangeSubscription } from '../platform/events/change-subscription.js';
import { ModelRegistry } from './model-registry.js';

/** Hears of changes in what belongs to a model, on whichever replica. */
@Injectable()
export class ModelChanges {
  constructor(
    private readonly listener: ChangeListener,
    private readonly registry: ModelRegistry,
  ) {}

  /**
   * Values for one reader; see {@link ChangeListener.follow}.
   * @param modelName undefined for all models; `produce` then gets no id either.
   * @throws AppError NOT_FOUND
   */
  async follow<Value>(
    topic: ChangeTopic,
    modelName: string | undefined,
    produce: (modelId: string | undefined, signals: ChangeSubscription) => AsyncGenerator<Value, void, undefined>,
  ): Promise<AsyncIterableIterator<Value>> {
    const modelId = modelName === undefined ? undefined : (await this.registry.modelByName(modelName)).id;
    return this.listener.follow(
      topic,
      (change) => modelId === undefined || change.modelId === modelId,
      (signals) => produce(modelId, signals),
    );
  }
}
