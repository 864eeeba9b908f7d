import { Field, GraphQLISODateTime, ID, ObjectType, registerEnumType } from '@nestjs/graphql';
import type { Algorithm } from '../../models/algorithm.js';
import { AlgorithmEnum } from '../../models/models.enums.js';
import { PageOf } from '../../platform/graphql/pagination.js';
import { RetrainingTriggerEnum } from '../decisions/decision.types.js';
import { RETRAINING_STATES, type RetrainingState, type RetrainingTrigger } from '../decisions/retrain-rule.types.js';
import type { RetrainingData } from '../policies/policy-settings.js';
import { RetrainingDataEnum } from '../policies/policy.types.js';

const RetrainingStateEnum = Object.fromEntries(RETRAINING_STATES.map((state) => [state, state])) as {
  readonly [S in RetrainingState]: S;
};
registerEnumType(RetrainingStateEnum, {
  name: 'RetrainingState',
  valuesMap: {
    GATHERING: { description: 'Data are made ready.' },
    TRAINING: { description: 'Its runs go on.' },
    JUDGING: { description: 'The gate compares the best new version with the champion.' },
    PROMOTED: { description: 'The end: the best new version is the champion.' },
    RECOMMENDED: { description: 'The end: the best new version waits for approval.' },
    DECLINED: { description: 'The end: the champion stays.' },
    NO_NEW_DATA: { description: 'The end: there is nothing to learn that is not known.' },
    FAILED: { description: 'The end: something went wrong; the next one waits longer.' },
    CANCELLED: { description: 'The end: a person stopped it.' },
  },
});

@ObjectType('Retraining', { description: 'A training that monitoring began by itself.' })
export class RetrainingType {
  @Field(() => ID)
  id!: string;

  /** For fields that are resolved from elsewhere. */
  modelId!: string;
  decisionId!: string;
  datasetVersionId!: string | null;
  groupId!: string | null;

  @Field(() => RetrainingTriggerEnum)
  trigger!: RetrainingTrigger;

  @Field(() => RetrainingStateEnum)
  state!: RetrainingState;

  @Field(() => String, { description: 'The state in a sentence: what it waits for, how it ended and why.' })
  message!: string;

  @Field(() => RetrainingDataEnum, { description: 'What it learns from.' })
  data!: RetrainingData;

  @Field(() => [AlgorithmEnum], { nullable: true, description: 'Null: all that fit the task.' })
  algorithms!: readonly Algorithm[] | null;

  @Field(() => GraphQLISODateTime)
  createdAt!: Date;

  @Field(() => GraphQLISODateTime, { nullable: true })
  finishedAt!: Date | null;
}

@ObjectType()
export class RetrainingPage extends PageOf(RetrainingType) {}
