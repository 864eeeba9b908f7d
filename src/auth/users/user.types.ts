import { Field, GraphQLISODateTime, ID, InputType, ObjectType, registerEnumType } from '@nestjs/graphql';
import { z } from 'zod';
import { PageOf } from '../../platform/graphql/pagination.js';
import { type Role, ROLES } from '../principal.js';
import { User } from './user.entity.js';

export const RoleEnum = Object.fromEntries(ROLES.map((role) => [role, role])) as { readonly [R in Role]: R };
registerEnumType(RoleEnum, {
  name: 'Role',
  description: 'Each role may do what those before it may.',
  valuesMap: {
    VIEWER: { description: 'Sees datasets, models, runs and reports.' },
    PREDICTOR: { description: 'Predicts and reports outcomes; meant for services.' },
    ENGINEER: { description: 'Extracts, trains, and reads data and logged inputs.' },
    ADMIN: { description: 'Manages users and sees the audit log.' },
  },
});

@ObjectType('User')
export class UserType {
  @Field(() => ID)
  id!: string;

  @Field(() => String)
  email!: string;

  @Field(() => RoleEnum)
  role!: Role;

  @Field(() => Boolean, { description: 'The right to change which version serves. Administrators always have it.' })
  canPromote!: boolean;

  @Field(() => GraphQLISODateTime, { nullable: true })
  disabledAt!: Date | null;

  @Field(() => GraphQLISODateTime)
  createdAt!: Date;
}

@ObjectType()
export class UserPage extends PageOf(UserType) {}

@InputType()
export class SetUserRoleInput {
  @Field(() => ID)
  userId!: string;

  @Field(() => RoleEnum)
  role!: Role;

  @Field(() => Boolean, { nullable: true, description: 'Left out, the right stays as it is.' })
  canPromote?: boolean | null;
}

/** An id in an argument. */
export const idSchema = z.uuid('must be an id as the API gave it');

export const setUserRoleSchema = z.object({
  userId: idSchema,
  role: z.enum(ROLES),
  canPromote: z.boolean().nullish(),
});

export function toUserType(user: User): UserType {
  const { id, email, role, disabledAt, createdAt } = user;
  const canPromote = role === 'ADMIN' || user.canPromote;
  return { id, email, role, canPromote, disabledAt, createdAt };
}
