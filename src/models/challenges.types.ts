import { Field, Float, GraphQLISODateTime, ID, InputType, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { z } from 'zod';
import { enumOf } from '../platform/graphql/enum-of.js';
import { RollbackInput, rollbackSchema } from './models.inputs.js';
import { CHALLENGE_KINDS, type ChallengeKind } from './stage.js';

export const ChallengeKindEnum = enumOf(CHALLENGE_KINDS);
registerEnumType(ChallengeKindEnum, {
  name: 'ChallengeKind',
  valuesMap: {
    CANARY: { description: 'The challenger answers a share of the rows, always those of the same correlation ids.' },
    SHADOW: { description: 'The challenger scores answered rows as well; its answers are logged and never returned.' },
  },
});

@ObjectType({ description: 'A version that is tried beside the champion.' })
export class ChallengeType {
  @Field(() => ID)
  id!: string;

  @Field(() => ChallengeKindEnum)
  kind!: ChallengeKind;

  @Field(() => Float, { description: 'Share of the rows that the challenger gets.' })
  share!: number;

  @Field(() => Int, { description: 'The challenger.' })
  version!: number;

  @Field(() => GraphQLISODateTime)
  since!: Date;

  @Field(() => String)
  reason!: string;

  @Field(() => ID, { nullable: true, description: 'Who started it.' })
  startedBy!: string | null;
}

@InputType()
export class StartChallengeInput extends RollbackInput {
  @Field(() => Int)
  version!: number;

  @Field(() => ChallengeKindEnum)
  kind!: ChallengeKind;

  @Field(() => Float, {
    nullable: true,
    description: 'More than 0. CANARY: at most 0.5, and needed. SHADOW: share of the rows scored as well, default 1.',
  })
  share?: number | null;
}

export const startChallengeSchema = rollbackSchema
  .extend({ version: z.number().int(), kind: z.enum(CHALLENGE_KINDS), share: z.number().nullish() })
  .transform(({ share, ...input }, context) => {
    if (typeof share === 'number') return { ...input, share };
    if (input.kind === 'SHADOW') return { ...input, share: 1 };
    context.addIssue({ code: 'custom', path: ['share'], message: 'must say which share of the rows a CANARY answers' });
    return z.NEVER;
  });
export type StartChallenge = z.output<typeof startChallengeSchema>;
