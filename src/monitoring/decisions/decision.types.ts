import { Field, GraphQLISODateTime, ID, ObjectType, registerEnumType } from '@nestjs/graphql';
import { PageOf } from '../../platform/graphql/pagination.js';
import { JsonScalar } from '../../platform/graphql/scalars.js';
import {
  DECISION_VERDICTS,
  type DecisionVerdict,
  RETRAINING_TRIGGERS,
  type RetrainingTrigger,
} from './retrain-rule.types.js';

export const DecisionVerdictEnum = Object.fromEntries(DECISION_VERDICTS.map((name) => [name, name])) as {
  readonly [V in DecisionVerdict]: V;
};
export const RetrainingTriggerEnum = Object.fromEntries(RETRAINING_TRIGGERS.map((name) => [name, name])) as {
  readonly [T in RetrainingTrigger]: T;
};

registerEnumType(DecisionVerdictEnum, {
  name: 'DecisionVerdict',
  valuesMap: {
    RETRAIN: { description: 'A retraining began.' },
    HEALTHY: { description: 'Nothing asked for one.' },
    NOT_PERSISTENT: { description: 'Drift, but not in enough windows so far.' },
    TOO_FEW_ROWS: { description: 'The window says nothing.' },
    UNDER_WAY: { description: 'One goes on already.' },
    COOL_DOWN: { description: 'The last one began too short a time ago.' },
    DAILY_LIMIT: { description: 'As many as may began in the last 24 hours.' },
    BACK_OFF: { description: 'The last one failed too short a time ago.' },
    COST_LIMIT: { description: 'It may cost more than the policy allows.' },
  },
});
registerEnumType(RetrainingTriggerEnum, { name: 'RetrainingTrigger', description: 'What asked for a retraining.' });

@ObjectType('RetrainingDecision', { description: 'What was decided after a check. Never changed.' })
export class RetrainingDecisionType {
  @Field(() => ID)
  id!: string;

  /** For fields that are resolved from elsewhere. */
  modelId!: string;

  @Field(() => ID)
  reportId!: string;

  @Field(() => DecisionVerdictEnum)
  verdict!: DecisionVerdict;

  @Field(() => RetrainingTriggerEnum, { nullable: true, description: 'Null if nothing asked for a retraining.' })
  trigger!: RetrainingTrigger | null;

  @Field(() => String, { description: 'The verdict in words.' })
  reason!: string;

  @Field(() => GraphQLISODateTime)
  createdAt!: Date;
}

@ObjectType()
export class RetrainingDecisionPage extends PageOf(RetrainingDecisionType) {}

@ObjectType('RuleStep', {
  description: 'A question of the rule. A trigger that holds asks for a retraining; a brake that holds prevents it.',
})
export class RuleStepType {
  @Field(() => String)
  rule!: string;

  @Field(() => String, { description: 'TRIGGER or BRAKE.' })
  kind!: string;

  @Field(() => Boolean)
  holds!: boolean;

  @Field(() => String, { description: 'The answer in words, with its numbers.' })
  explanation!: string;
}

@ObjectType({ description: 'All that a decision was made from, and how.' })
export class DecisionExplanation {
  @Field(() => RetrainingDecisionType)
  decision!: RetrainingDecisionType;

  @Field(() => [RuleStepType], { description: 'All triggers; and all brakes, if something asked for a retraining.' })
  steps!: readonly RuleStepType[];

  @Field(() => JsonScalar, { description: 'The facts as they were then; the same facts give the same decision.' })
  inputs!: unknown;
}
