import { type JobHandler, HandlesJob } from '../../platform/queue/job-handler.js';
import { dispatchEventJob } from '../../platform/events/events.jobs.js';
import { deliverWebhookJob } from './notifications.jobs.js';
import { WebhookDeliveries } from './webhook-deliveries.js';

@HandlesJob(dispatchEventJob)
export class DispatchEventWorker implements JobHandler<{ eventId: string }> {
  constructor(private readonly deliveries: WebhookDeliveries) {}

  async handle({ eventId }: { eventId: string }): Promise<void> {
    await this.deliveries.dispatch(eventId);
  }
}

@HandlesJob(deliverWebhookJob)
export class DeliverWebhookWorker implements JobHandler<{ deliveryId: string; attempt: number }> {
  constructor(private readonly deliveries: WebhookDeliveries) {}

  async handle({ deliveryId, attempt }: { deliveryId: string; attempt: number }): Promise<void> {
    await this.deliveries.attempt(deliveryId, attempt);
  }
}
