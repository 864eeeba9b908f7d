import { Field, GraphQLISODateTime, ID, InputType, ObjectType } from '@nestjs/graphql';
import { z } from 'zod';
import { PageOf } from '../../platform/graphql/pagination.js';
import { type Role, ROLES } from '../principal.js';
import { RoleEnum } from '../users/user.types.js';
import { ApiKey } from './api-key.entity.js';

const MAX_MODELS = 100;

@ObjectType('ApiKey')
export class ApiKeyType {
  @Field(() => ID)
  id!: string;

  @Field(() => String)
  name!: string;

  @Field(() => String, { description: 'How the key begins; the rest is known to its owner only.' })
  prefix!: string;

  @Field(() => RoleEnum, { description: 'The most the key may do. It never does more than its owner may.' })
  role!: Role;

  @Field(() => Boolean)
  canPromote!: boolean;

  @Field(() => [String], { nullable: true, description: 'The models it predicts with; null stands for all.' })
  models!: string[] | null;

  @Field(() => GraphQLISODateTime)
  createdAt!: Date;

  @Field(() => GraphQLISODateTime, { nullable: true, description: 'Exact to about a minute.' })
  lastUsedAt!: Date | null;

  @Field(() => GraphQLISODateTime, { nullable: true })
  expiresAt!: Date | null;
}

@ObjectType()
export class ApiKeyPage extends PageOf(ApiKeyType) {}

@ObjectType()
export class NewApiKey {
  @Field(() => String, { description: 'The key. It is shown this once and cannot be recovered.' })
  secret!: string;

  @Field(() => ApiKeyType)
  apiKey!: ApiKeyType;
}

@InputType()
export class CreateApiKeyInput {
  @Field(() => String)
  name!: string;

  @Field(() => RoleEnum, { defaultValue: 'VIEWER', description: 'At most your own.' })
  role!: Role;

  @Field(() => Boolean, { defaultValue: false, description: 'Needs the right to promote yourself.' })
  canPromote!: boolean;

  @Field(() => GraphQLISODateTime, { nullable: true, description: 'Left out, the key is good until revoked.' })
  expiresAt?: Date | null;

  @Field(() => [String], {
    nullable: true,
    description: 'Names of the only models the key may predict with. For the roles VIEWER and PREDICTOR.',
  })
  models?: string[] | null;
}

const text = z.string().trim().min(1, 'must not be empty').max(100, 'must have at most 100 characters');

export const createApiKeySchema = z.object({
  name: text,
  role: z.enum(ROLES),
  canPromote: z.boolean(),
  expiresAt: z
    .date()
    .nullish()
    .transform((value) => value ?? null),
  models: z
    .array(text)
    .min(1, 'must name a model, or be left out for all')
    .max(MAX_MODELS, `must name at most ${MAX_MODELS} models`)
    .nullish()
    .transform((value) => value ?? null),
});

export function toApiKeyType(key: ApiKey): ApiKeyType {
  const { id, name, prefix, role, canPromote, models, createdAt, lastUsedAt, expiresAt } = key;
  return { id, name, prefix, role, canPromote, models, createdAt, lastUsedAt, expiresAt };
}
