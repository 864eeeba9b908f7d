import { Field, GraphQLISODateTime, ID, InputType, ObjectType } from '@nestjs/graphql';
import { JsonScalar } from '../../platform/graphql/scalars.js';
import { PageOf } from '../../platform/graphql/pagination.js';

@ObjectType('AuditEvent', { description: 'Who did what, when and from where. Nobody can change or remove one.' })
export class AuditEventType {
  @Field(() => ID)
  id!: string;

  @Field(() => GraphQLISODateTime)
  createdAt!: Date;

  @Field(() => ID, { nullable: true, description: 'The user; null for a client not signed in, or the system itself.' })
  actorId!: string | null;

  @Field(() => String, { nullable: true, description: 'SESSION or API_KEY.' })
  credentialKind!: string | null;

  @Field(() => ID, { nullable: true })
  credentialId!: string | null;

  @Field(() => String, { nullable: true })
  address!: string | null;

  @Field(() => String)
  action!: string;

  @Field(() => String, { nullable: true })
  subjectKind!: string | null;

  @Field(() => ID, { nullable: true })
  subjectId!: string | null;

  @Field(() => JsonScalar)
  details!: object;
}

@ObjectType()
export class AuditEventPage extends PageOf(AuditEventType) {}

@InputType({ description: 'Events that match all of what is given.' })
export class AuditEventFilter {
  @Field(() => String, { nullable: true })
  action?: string | null;

  @Field(() => ID, { nullable: true })
  actorId?: string | null;

  @Field(() => ID, { nullable: true })
  subjectId?: string | null;
}
