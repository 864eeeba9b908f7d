import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AuditService } from '../../auth/audit/audit.service.js';
import type { Principal } from '../../auth/principal.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { AppError } from '../../errors/app-error.js';
import { ModelRegistry } from '../../models/model-registry.js';
import { LoggedEvent } from '../../platform/events/logged-event.entity.js';
import { type Page, type PageArgs, paginate } from '../../platform/graphql/pagination.js';
import { Seal } from '../../platform/secrets/seal.js';
import { WEBHOOK_SEAL, WebhookDeliveries } from './webhook-deliveries.js';
import { WebhookDelivery } from './webhook-delivery.entity.js';
import { parseWebhookUrl } from './webhook-request.js';
import { Webhook } from './webhook.entity.js';
import type { CreateWebhook, UpdateWebhook } from './webhook.types.js';

const SECRET_BYTES = 32;

/** Creates, changes, lists and tries out webhooks. */
@Injectable()
export class WebhooksService {
  private readonly manager: EntityManager;
  private readonly sealing: Seal;

  constructor(
    @InjectDataSource() dataSource: DataSource,
    private readonly deliveries: WebhookDeliveries,
    private readonly registry: ModelRegistry,
    private readonly audit: AuditService,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.manager = dataSource.manager;
    this.sealing = new Seal(config, WEBHOOK_SEAL);
  }

  /** @throws AppError BAD_INPUT for an address that may not be used, NOT_FOUND for an unknown model. */
  async create(input: CreateWebhook, actor: Principal): Promise<{ secret: string; webhook: Webhook }> {
    this.checkUrl(input.url);
    const modelName = typeof input.model === 'string' ? (await this.registry.modelByName(input.model)).name : null;
    const id = uuidv7();
    const secret = `whsec_${randomBytes(SECRET_BYTES).toString('base64url')}`;
    const { url, kinds, description } = input;
    return this.manager.transaction(async (manager) => {
      const sealedSecret = this.sealing.seal(secret, id);
      const createdBy = actor.userId;
      await manager.insert(Webhook, { id, url, kinds, description, modelName, sealedSecret, createdBy });
      await this.record(manager, actor, 'webhook.created', id);
      return { secret, webhook: await this.byId(id, manager) };
    });
  }

  async update({ id, url, kinds, description, enabled }: UpdateWebhook, actor: Principal): Promise<Webhook> {
    if (typeof url === 'string') this.checkUrl(url);
    return this.manager.transaction(async (manager) => {
      await this.byId(id, manager);
      const changes = {
        ...(typeof url === 'string' && { url }),
        ...(kinds && { kinds }),
        ...(typeof description === 'string' && { description }),
        ...(enabled === false && { enabled }),
        ...(enabled === true && { enabled, disabledReason: null, failures: 0, nextProbeAt: null }),
      };
      if (Object.keys(changes).length > 0) await manager.update(Webhook, { id }, changes);
      await this.record(manager, actor, 'webhook.updated', id);
      return this.byId(id, manager);
    });
  }

  async delete(id: string, actor: Principal): Promise<void> {
    await this.manager.transaction(async (manager) => {
      const { affected } = await manager.delete(Webhook, { id });
      if (!affected) throw unknown(id);
      await this.record(manager, actor, 'webhook.deleted', id);
    });
  }

  list(page: PageArgs): Promise<Page<Webhook>> {
    return paginate(this.manager.createQueryBuilder(Webhook, 'webhook'), 'webhook', page);
  }

  async deliveriesOf(webhookId: string, page: PageArgs): Promise<Page<WebhookDelivery>> {
    await this.byId(webhookId);
    const query = this.manager.createQueryBuilder(WebhookDelivery, 'delivery').where({ webhookId });
    return paginate(query, 'delivery', page);
  }

  /** Sends what was delivered, or failed, again. @throws AppError INVALID_STATE while it is under way. */
  async redeliver(id: string, actor: Principal): Promise<WebhookDelivery> {
    return this.manager.transaction(async (manager) => {
      const delivery = await manager.findOne(WebhookDelivery, { where: { id }, lock: { mode: 'pessimistic_write' } });
      if (!delivery) throw new AppError('NOT_FOUND', `There is no delivery ${id}. \`webhookDeliveries\` lists them.`);
      if (delivery.state === 'PENDING') {
        throw new AppError('INVALID_STATE', 'This delivery is under way. Wait for `nextAttemptAt`.');
      }
      await manager.update(WebhookDelivery, { id }, { state: 'PENDING', attempts: 0, finishedAt: null });
      await this.deliveries.plan(manager, delivery, 1, 0);
      await this.record(manager, actor, 'webhook.redelivered', delivery.webhookId);
      return manager.findOneByOrFail(WebhookDelivery, { id });
    });
  }

  /** Sends a PING, also to a webhook that is disabled. */
  async test(id: string, actor: Principal): Promise<WebhookDelivery> {
    return this.manager.transaction(async (manager) => {
      await this.byId(id, manager);
      const event = { id: uuidv7(), kind: 'PING' as const, modelId: null, modelName: null, subjectId: id, payload: {} };
      await manager.insert(LoggedEvent, event);
      const deliveryId = await this.deliveries.add(manager, id, event.id);
      await this.record(manager, actor, 'webhook.tested', id);
      return manager.findOneByOrFail(WebhookDelivery, { id: deliveryId! });
    });
  }

  private async byId(id: string, manager = this.manager): Promise<Webhook> {
    const webhook = await manager.findOneBy(Webhook, { id });
    if (webhook) return webhook;
    throw unknown(id);
  }

  private checkUrl(url: string): void {
    parseWebhookUrl(url, { allowList: this.config.WEBHOOK_ALLOW_LIST, setting: 'WEBHOOK_ALLOW_LIST' });
  }

  private record(manager: EntityManager, actor: Principal, action: string, id: string): Promise<void> {
    return this.audit.record(manager, { actor, action, subject: { kind: 'webhook', id } });
  }
}

function unknown(id: string): AppError {
  return new AppError('NOT_FOUND', `There is no webhook ${id}. The query \`webhooks\` lists them.`);
}
