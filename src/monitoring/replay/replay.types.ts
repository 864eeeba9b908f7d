import { Field, GraphQLISODateTime, Int, ObjectType } from '@nestjs/graphql';
import { BigIntScalar } from '../../platform/graphql/scalars.js';
import type { Verdict } from '../../ml/statistics/drift/verdict.js';
import { DecisionVerdictEnum, RetrainingTriggerEnum } from '../decisions/decision.types.js';
import type { DecisionVerdict, RetrainingTrigger } from '../decisions/retrain-rule.types.js';
import { VerdictEnum } from '../reports/report.types.js';

@ObjectType('ReplayedCheck', { description: 'What the policy would have made of one tick.' })
export class ReplayedCheckType {
  @Field(() => GraphQLISODateTime, { description: 'When the check would have been due.' })
  tick!: Date;

  @Field(() => Int, { description: 'The champion of that time.' })
  version!: number;

  @Field(() => GraphQLISODateTime)
  from!: Date;

  @Field(() => GraphQLISODateTime)
  to!: Date;

  @Field(() => BigIntScalar)
  rows!: number;

  @Field(() => VerdictEnum)
  verdict!: Verdict;

  @Field(() => [String], { description: 'Names of the drifted columns.' })
  drifted!: readonly string[];

  @Field(() => DecisionVerdictEnum)
  decision!: DecisionVerdict;

  @Field(() => RetrainingTriggerEnum, { nullable: true })
  trigger!: RetrainingTrigger | null;

  @Field(() => String, { description: 'The decision in words.' })
  reason!: string;

  @Field(() => Boolean, {
    description:
      'Whether a check at that time saw another window, since counts are merged to hours and days by and by.',
  })
  approximate!: boolean;
}

@ObjectType('PolicyReplay')
export class PolicyReplayType {
  @Field(() => Int, { description: 'Checks that it would have made.' })
  ticks!: number;

  @Field(() => Int, { description: 'Checks that found drift.' })
  alarms!: number;

  @Field(() => Int, { description: 'Retrainings that it would have begun.' })
  retrainings!: number;

  @Field(() => [ReplayedCheckType], { description: 'In the order of time.' })
  checks!: readonly ReplayedCheckType[];
}
