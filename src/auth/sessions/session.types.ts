import { Field, GraphQLISODateTime, ID, ObjectType } from '@nestjs/graphql';
import { PageOf } from '../../platform/graphql/pagination.js';
import type { Principal } from '../principal.js';
import { Session } from './session.entity.js';

@ObjectType('Session', { description: 'One sign-in on one device.' })
export class SessionType {
  @Field(() => ID)
  id!: string;

  @Field(() => String, { description: 'Network address of the sign-in.' })
  address!: string;

  @Field(() => String, { description: 'What the browser or program called itself.' })
  userAgent!: string;

  @Field(() => GraphQLISODateTime)
  createdAt!: Date;

  @Field(() => GraphQLISODateTime, { description: 'The latest sign-in or refresh.' })
  lastUsedAt!: Date;

  @Field(() => GraphQLISODateTime)
  expiresAt!: Date;

  @Field(() => Boolean, { description: 'The session of this very request.' })
  current!: boolean;
}

@ObjectType()
export class SessionPage extends PageOf(SessionType) {}

export function toSessionType(session: Session, { credential }: Principal): SessionType {
  const { id, address, userAgent, createdAt, lastUsedAt, expiresAt } = session;
  return { id, address, userAgent, createdAt, lastUsedAt, expiresAt, current: id === credential.id };
}
