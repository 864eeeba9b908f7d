import { Inject, Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { LoggedEvent } from '../../platform/events/logged-event.entity.js';
import { JobQueue } from '../../platform/queue/job-queue.js';
import { Seal } from '../../platform/secrets/seal.js';
import { pauseAfter, SLOWED_SECONDS, standing } from './delivery-plan.js';
import { deliverWebhookJob } from './notifications.jobs.js';
import { signatureOf } from './signature.js';
import { WebhookDelivery } from './webhook-delivery.entity.js';
import { type Outcome, post } from './webhook-request.js';
import { Webhook } from './webhook.entity.js';

/** Attempts that the log of a delivery keeps. */
const LOGGED_ATTEMPTS = 20;
export const WEBHOOK_SEAL = 'boucle webhook secret';

/** Carries deliveries out. Every step is one transaction; a process may be killed between any two. */
@Injectable()
export class WebhookDeliveries {
  private readonly logger = new Logger('Webhooks');
  private readonly sealing: Seal;

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly queue: JobQueue,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.sealing = new Seal(config, WEBHOOK_SEAL);
  }

  /** Makes a delivery for every webhook that wants to hear of an event. Again, it makes none. */
  async dispatch(eventId: string): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      const event = await manager.findOneBy(LoggedEvent, { id: eventId });
      if (!event) return;
      const webhooks = await manager
        .createQueryBuilder(Webhook, 'webhook')
        .where('webhook.enabled AND :kind = ANY(webhook.kinds)', { kind: event.kind })
        .andWhere('(webhook.model_name IS NULL OR webhook.model_name = :model)', { model: event.modelName })
        .getMany();
      for (const { id } of webhooks) await this.add(manager, id, eventId);
    });
  }

  /** Adds a delivery and its first attempt. Undefined if there is one for this event already. */
  async add(manager: EntityManager, webhookId: string, eventId: string): Promise<string | undefined> {
    const id = uuidv7();
    const insert = manager.createQueryBuilder().insert().into(WebhookDelivery).orIgnore().returning('id');
    const { raw } = (await insert.values({ id, webhookId, eventId, nextAttemptAt: () => 'now()' }).execute()) as {
      raw: unknown[];
    };
    if (raw.length === 0) return undefined;
    await this.plan(manager, { id, webhookId }, 1, 0);
    return id;
  }

  /** Plans an attempt: the job and the time that the delivery shows. */
  async plan(
    manager: EntityManager,
    { id: deliveryId, webhookId: group }: Pick<WebhookDelivery, 'id' | 'webhookId'>,
    attempt: number,
    delaySeconds: number,
  ): Promise<void> {
    await manager.update(
      WebhookDelivery,
      { id: deliveryId },
      { nextAttemptAt: () => `now() + interval '${delaySeconds} seconds'` },
    );
    const payload = { deliveryId, attempt };
    await this.queue.enqueue(manager, deliverWebhookJob, `${deliveryId}/${attempt}`, payload, { delaySeconds, group });
  }

  /** Makes one attempt, unless it was made already. A slowed webhook has to wait for its turn, which counts as none. */
  async attempt(deliveryId: string, attempt: number): Promise<void> {
    const { manager } = this.dataSource;
    const delivery = await manager.findOneBy(WebhookDelivery, { id: deliveryId });
    if (delivery?.state !== 'PENDING' || delivery.attempts !== attempt - 1) return;
    const webhook = await manager
      .createQueryBuilder(Webhook, 'webhook')
      .addSelect('webhook.sealedSecret')
      .where({ id: delivery.webhookId })
      .getOneOrFail();
    const event = await manager.findOneByOrFail(LoggedEvent, { id: delivery.eventId });
    if (!webhook.enabled && event.kind !== 'PING') {
      await this.end(manager, delivery, 'The webhook is disabled.');
      return;
    }
    const wait = await this.secondsToTurn(webhook);
    if (wait > 0) {
      // The key of the job that runs is taken until it ends.
      const payload = { deliveryId, attempt };
      const options = { delaySeconds: wait, group: webhook.id };
      await this.queue.enqueue(manager, deliverWebhookJob, `${deliveryId}/${attempt}/${uuidv7()}`, payload, options);
      return;
    }
    const outcome = await this.send(webhook, delivery, event);
    await this.note(delivery, attempt, outcome);
  }

  private async send(webhook: Webhook, delivery: WebhookDelivery, event: LoggedEvent): Promise<Outcome> {
    const { id, kind, createdAt, modelName, modelId, subjectId, payload } = event;
    const body = JSON.stringify({ id, kind, createdAt, model: modelName, modelId, subjectId, payload });
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'Boucle',
      'boucle-event': kind,
      'boucle-delivery': delivery.id,
      'boucle-signature': signatureOf(this.sealing.open(webhook.sealedSecret, webhook.id), body, new Date()),
    };
    return post(webhook.url, headers, body, {
      allowList: this.config.WEBHOOK_ALLOW_LIST,
      setting: 'WEBHOOK_ALLOW_LIST',
    });
  }

  private async note(delivery: WebhookDelivery, attempt: number, outcome: Outcome): Promise<void> {
    const { status, error, excerpt, durationMs } = outcome;
    const entry = { at: new Date().toISOString(), status, error, durationMs };
    const pause = error === null ? undefined : pauseAfter(attempt);
    const isOver = pause === undefined;
    await this.dataSource.transaction(async (manager) => {
      const { affected } = await manager.update(
        WebhookDelivery,
        { id: delivery.id, state: 'PENDING', attempts: attempt - 1 },
        {
          attempts: attempt,
          log: [...delivery.log, entry].slice(-LOGGED_ATTEMPTS),
          lastStatus: status,
          lastError: error,
          responseExcerpt: excerpt,
          durationMs,
          ...(isOver && {
            state: error === null ? 'DELIVERED' : 'FAILED',
            finishedAt: () => 'now()',
            nextAttemptAt: null,
          }),
        },
      );
      if (affected !== 1) return;
      await this.judge(manager, delivery.webhookId, error);
      if (!isOver) await this.plan(manager, delivery, attempt + 1, pause);
    });
  }

  /** 0 if an attempt may be made now; of all replicas, one gets the turn of a webhook that is slowed down. */
  private async secondsToTurn({ id, failures }: Webhook): Promise<number> {
    if (standing(failures) === 'FINE') return 0;
    const { affected } = await this.dataSource.manager
      .createQueryBuilder()
      .update(Webhook)
      .set({ nextProbeAt: () => `now() + interval '${SLOWED_SECONDS} seconds'` })
      .where('id = :id AND coalesce(next_probe_at, now()) <= now()', { id })
      .execute();
    return affected === 1 ? 0 : SLOWED_SECONDS;
  }

  private async judge(manager: EntityManager, id: string, error: string | null): Promise<void> {
    if (error === null) {
      await manager.update(Webhook, { id }, { failures: 0, nextProbeAt: null });
      return;
    }
    await manager.increment(Webhook, { id }, 'failures', 1);
    const webhook = await manager.findOneBy(Webhook, { id });
    if (!webhook?.enabled || standing(webhook.failures) !== 'DISABLED') return;
    const disabledReason = `${webhook.failures} attempts in a row failed; the last one ${error}.`;
    await manager.update(Webhook, { id }, { enabled: false, disabledReason });
    this.logger.warn({ webhook: id, failures: webhook.failures }, 'a webhook that keeps failing was disabled');
  }

  private async end(manager: EntityManager, { id }: WebhookDelivery, lastError: string): Promise<void> {
    const ended = { state: 'FAILED', lastError, nextAttemptAt: null, finishedAt: () => 'now()' } as const;
    await manager.update(WebhookDelivery, { id, state: 'PENDING' }, ended);
  }
}
