import { Args, ID, Mutation, Query, Resolver } from '@nestjs/graphql';
import { CurrentPrincipal, RequireRole } from '../../auth/access.js';
import type { Principal } from '../../auth/principal.js';
import { idSchema } from '../../auth/users/user.types.js';
import { mapPage, type Page, PageArgs } from '../../platform/graphql/pagination.js';
import { ZodPipe } from '../../platform/http/zod.pipe.js';
import type { WebhookDelivery } from './webhook-delivery.entity.js';
import type { Webhook } from './webhook.entity.js';
import {
  type CreateWebhook,
  CreateWebhookInput,
  createWebhookSchema,
  NewWebhook,
  type UpdateWebhook,
  UpdateWebhookInput,
  updateWebhookSchema,
  WebhookDeliveryPage,
  WebhookDeliveryType,
  WebhookPage,
  WebhookType,
} from './webhook.types.js';
import { WebhooksService } from './webhooks.service.js';

@Resolver()
export class WebhooksResolver {
  constructor(private readonly webhooks: WebhooksService) {}

  @Query(() => WebhookPage, { name: 'webhooks', description: 'All webhooks, newest first.' })
  @RequireRole('ENGINEER')
  async list(@Args() page: PageArgs): Promise<Page<WebhookType>> {
    return mapPage(await this.webhooks.list(page), toWebhookType);
  }

  @Query(() => WebhookDeliveryPage, { description: 'What was sent to a webhook, newest first; kept for 90 days.' })
  @RequireRole('ENGINEER')
  async webhookDeliveries(
    @Args('webhook', { type: () => ID }, new ZodPipe(idSchema)) id: string,
    @Args() page: PageArgs,
  ): Promise<Page<WebhookDeliveryType>> {
    return mapPage(await this.webhooks.deliveriesOf(id, page), toDeliveryType);
  }

  @Mutation(() => NewWebhook)
  @RequireRole('ADMIN')
  async createWebhook(
    @Args('input', { type: () => CreateWebhookInput }, new ZodPipe(createWebhookSchema)) input: CreateWebhook,
    @CurrentPrincipal() principal: Principal,
  ): Promise<NewWebhook> {
    const { secret, webhook } = await this.webhooks.create(input, principal);
    return { secret, webhook: toWebhookType(webhook) };
  }

  @Mutation(() => WebhookType)
  @RequireRole('ADMIN')
  async updateWebhook(
    @Args('input', { type: () => UpdateWebhookInput }, new ZodPipe(updateWebhookSchema)) input: UpdateWebhook,
    @CurrentPrincipal() principal: Principal,
  ): Promise<WebhookType> {
    return toWebhookType(await this.webhooks.update(input, principal));
  }

  @Mutation(() => Boolean, { description: 'Deletes a webhook with its deliveries.' })
  @RequireRole('ADMIN')
  async deleteWebhook(
    @Args('id', { type: () => ID }, new ZodPipe(idSchema)) id: string,
    @CurrentPrincipal() principal: Principal,
  ): Promise<boolean> {
    await this.webhooks.delete(id, principal);
    return true;
  }

  @Mutation(() => WebhookDeliveryType, { description: 'Sends an ended delivery again, under the same id.' })
  @RequireRole('ADMIN')
  async redeliverWebhook(
    @Args('deliveryId', { type: () => ID }, new ZodPipe(idSchema)) id: string,
    @CurrentPrincipal() principal: Principal,
  ): Promise<WebhookDeliveryType> {
    return toDeliveryType(await this.webhooks.redeliver(id, principal));
  }

  @Mutation(() => WebhookDeliveryType, { description: 'Sends an event of the kind PING to a webhook.' })
  @RequireRole('ADMIN')
  async testWebhook(
    @Args('id', { type: () => ID }, new ZodPipe(idSchema)) id: string,
    @CurrentPrincipal() principal: Principal,
  ): Promise<WebhookDeliveryType> {
    return toDeliveryType(await this.webhooks.test(id, principal));
  }
}

function toWebhookType(webhook: Webhook): WebhookType {
  const { id, url, kinds, modelName, description, enabled, disabledReason, failures, createdAt } = webhook;
  return { id, url, kinds, model: modelName, description, enabled, disabledReason, failures, createdAt };
}

function toDeliveryType(delivery: WebhookDelivery): WebhookDeliveryType {
  const { id, webhookId, eventId, state, attempts, log, lastStatus, lastError, responseExcerpt } = delivery;
  const { durationMs, nextAttemptAt, createdAt, finishedAt } = delivery;
  return {
    ...{ id, webhookId, eventId, state, attempts, log, lastStatus, lastError, responseExcerpt },
    ...{ durationMs, nextAttemptAt, createdAt, finishedAt },
  };
}
