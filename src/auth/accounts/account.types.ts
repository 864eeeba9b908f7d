import { Field, GraphQLISODateTime, InputType, ObjectType } from '@nestjs/graphql';
import { z } from 'zod';
import { UserType } from '../users/user.types.js';
import { emailSchema, normaliseEmail } from './email.js';
import { MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH, passwordSchema } from './password-rules.js';

const PASSWORD_RULE = `${MIN_PASSWORD_LENGTH} to ${MAX_PASSWORD_LENGTH} characters, and not a common one.`;

@ObjectType()
export class AuthPayload {
  @Field(() => String, { description: 'Send it as `Authorization: Bearer <accessToken>`.' })
  accessToken!: string;

  @Field(() => String, { description: 'Good for one call of `refresh`, which gives the next one.' })
  refreshToken!: string;

  @Field(() => GraphQLISODateTime, { description: 'When the access token expires.' })
  expiresAt!: Date;

  @Field(() => UserType)
  user!: UserType;
}

@ObjectType('OneTimeToken')
export class OneTimeTokenType {
  @Field(() => String, { description: 'Shown this once. Hand it to the person over a channel you trust.' })
  token!: string;

  @Field(() => GraphQLISODateTime)
  expiresAt!: Date;
}

@InputType()
export class RegisterInput {
  @Field(() => String)
  email!: string;

  @Field(() => String, { description: PASSWORD_RULE })
  password!: string;

  @Field(() => String, { nullable: true, description: 'The token of an invitation, where registration needs one.' })
  invitation?: string | null;
}

@InputType()
export class LoginInput {
  @Field(() => String)
  email!: string;

  @Field(() => String)
  password!: string;
}

@InputType()
export class RefreshInput {
  @Field(() => String)
  refreshToken!: string;
}

@InputType()
export class ChangePasswordInput {
  @Field(() => String)
  current!: string;

  @Field(() => String, { description: PASSWORD_RULE })
  next!: string;
}

@InputType()
export class CreateInvitationInput {
  @Field(() => String, { nullable: true, description: 'The only address it is good for; left out, any.' })
  email?: string | null;
}

@InputType()
export class ResetPasswordInput {
  @Field(() => String, { description: 'From createPasswordReset.' })
  token!: string;

  @Field(() => String, { description: PASSWORD_RULE })
  password!: string;
}

/** Tokens have a fixed length; this only keeps nonsense small. */
const tokenSchema = z.string().max(200, 'is no token of this installation');

export const registerSchema = z.object({
  email: emailSchema,
  password: passwordSchema,
  invitation: tokenSchema.nullish().transform((value) => value ?? undefined),
});

/** Accepts anything as an address: what is no address is simply an unknown one. */
export const loginSchema = z.object({
  email: z.string().max(254, 'must have at most 254 characters').transform(normaliseEmail),
  password: passwordSchema,
});

export const refreshSchema = z.object({ refreshToken: tokenSchema });
export const changePasswordSchema = z.object({ current: passwordSchema, next: passwordSchema });
export const createInvitationSchema = z.object({
  email: emailSchema.nullish().transform((value) => value ?? null),
});
export const resetPasswordSchema = z.object({ token: tokenSchema, password: passwordSchema });
