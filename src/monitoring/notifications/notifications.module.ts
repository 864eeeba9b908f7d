import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ModelsModule } from '../../models/models.module.js';
import { EventRetentionSchedule } from './event-retention.schedule.js';
import { DeliverWebhookWorker, DispatchEventWorker } from './notifications.worker.js';
import { WebhookDeliveries } from './webhook-deliveries.js';
import { WebhookDelivery } from './webhook-delivery.entity.js';
import { Webhook } from './webhook.entity.js';
import { WebhooksResolver } from './webhooks.resolver.js';
import { WebhooksService } from './webhooks.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([Webhook, WebhookDelivery]), ModelsModule],
  providers: [WebhooksService, WebhookDeliveries],
  exports: [WebhooksService, WebhookDeliveries],
})
export class NotificationsModule {}

/** Webhooks in GraphQL. */
@Module({ imports: [NotificationsModule], providers: [WebhooksResolver] })
export class NotificationsApiModule {}

/** Telling webhooks of events. */
@Module({ imports: [NotificationsModule], providers: [DispatchEventWorker, DeliverWebhookWorker] })
export class NotificationsWorkerModule {}

/** The end of old events. */
@Module({ imports: [NotificationsModule], providers: [EventRetentionSchedule] })
export class NotificationsSchedulerModule {}
