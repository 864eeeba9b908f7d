import { Field, GraphQLISODateTime, ID, InputType, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { z } from 'zod';
import { enumOf } from '../../platform/graphql/enum-of.js';
import { EVENT_KINDS, type EventKind } from '../../platform/events/event-kind.js';
import { PageOf } from '../../platform/graphql/pagination.js';
import { JsonScalar } from '../../platform/graphql/scalars.js';
import { DELIVERY_STATES, type DeliveryState } from './webhook-delivery.entity.js';

const EventKindEnum = enumOf(EVENT_KINDS);
const DeliveryStateEnum = enumOf(DELIVERY_STATES);
registerEnumType(EventKindEnum, { name: 'EventKind', description: 'What a webhook can be told of.' });
registerEnumType(DeliveryStateEnum, { name: 'WebhookDeliveryState' });

@InputType()
export class CreateWebhookInput {
  @Field(() => String, { description: 'https, and not internal unless WEBHOOK_ALLOW_LIST names the host.' })
  url!: string;

  @Field(() => [EventKindEnum])
  kinds!: EventKind[];

  @Field(() => String, { nullable: true, description: 'Name of the only model to hear of; left out, all.' })
  model?: string | null;

  @Field(() => String, { defaultValue: '' })
  description!: string;
}

@InputType({ description: 'What is left out stays.' })
export class UpdateWebhookInput {
  @Field(() => ID)
  id!: string;

  @Field(() => String, { nullable: true })
  url?: string | null;

  @Field(() => [EventKindEnum], { nullable: true })
  kinds?: EventKind[] | null;

  @Field(() => String, { nullable: true })
  description?: string | null;

  @Field(() => Boolean, { nullable: true, description: 'true also forgets the failures that disabled it.' })
  enabled?: boolean | null;
}

const kinds = z.array(z.enum(EVENT_KINDS)).min(1, 'must name at least one kind').max(EVENT_KINDS.length);
const url = z.string().max(2000);
const description = z.string().trim().max(500);
export const createWebhookSchema = z.object({ url, kinds, model: z.string().nullish(), description });
export const updateWebhookSchema = z.object({
  id: z.uuid(),
  url: url.nullish(),
  kinds: kinds.nullish(),
  description: description.nullish(),
  enabled: z.boolean().nullish(),
});
export type CreateWebhook = z.output<typeof createWebhookSchema>;
export type UpdateWebhook = z.output<typeof updateWebhookSchema>;

@ObjectType('Webhook')
export class WebhookType {
  @Field(() => ID)
  id!: string;

  @Field(() => String)
  url!: string;

  @Field(() => [EventKindEnum])
  kinds!: EventKind[];

  @Field(() => String, { nullable: true, description: 'Null stands for all.' })
  model!: string | null;

  @Field(() => String)
  description!: string;

  @Field(() => Boolean)
  enabled!: boolean;

  @Field(() => String, { nullable: true, description: 'Why it was disabled by itself.' })
  disabledReason!: string | null;

  @Field(() => Int, { description: 'Attempts in a row that failed. From 10 on it gets one in 5 minutes.' })
  failures!: number;

  @Field(() => GraphQLISODateTime)
  createdAt!: Date;
}

@ObjectType()
export class NewWebhook {
  @Field(() => String, { description: 'Signs what is sent. It is shown this once.' })
  secret!: string;

  @Field(() => WebhookType)
  webhook!: WebhookType;
}

@ObjectType('WebhookDelivery')
export class WebhookDeliveryType {
  @Field(() => ID, { description: 'The header Boucle-Delivery, the same in every attempt.' })
  id!: string;

  @Field(() => ID)
  webhookId!: string;

  @Field(() => ID)
  eventId!: string;

  @Field(() => DeliveryStateEnum)
  state!: DeliveryState;

  @Field(() => Int)
  attempts!: number;

  @Field(() => JsonScalar, { description: 'The latest attempts: at, status, error, durationMs.' })
  log!: unknown;

  @Field(() => Int, { nullable: true })
  lastStatus!: number | null;

  @Field(() => String, { nullable: true })
  lastError!: string | null;

  @Field(() => String, { nullable: true, description: 'The beginning of the last answer.' })
  responseExcerpt!: string | null;

  @Field(() => Int, { nullable: true })
  durationMs!: number | null;

  @Field(() => GraphQLISODateTime, { nullable: true })
  nextAttemptAt!: Date | null;

  @Field(() => GraphQLISODateTime)
  createdAt!: Date;

  @Field(() => GraphQLISODateTime, { nullable: true })
  finishedAt!: Date | null;
}

@ObjectType()
export class WebhookPage extends PageOf(WebhookType) {}

@ObjectType()
export class WebhookDeliveryPage extends PageOf(WebhookDeliveryType) {}
