import { Field, Float, GraphQLISODateTime, ID, InputType, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { z } from 'zod';
import type { SearchRange } from '../../ml/train/hyperparameters.js';
import { type Algorithm, ALGORITHMS } from '../../models/algorithm.js';
import { AlgorithmEnum, BackendEnum } from '../../models/models.enums.js';
import type { BackendName } from '../../models/training-backend-name.js';
import { enumOf } from '../../platform/graphql/enum-of.js';
import { PageOf } from '../../platform/graphql/pagination.js';
import { JsonScalar } from '../../platform/graphql/scalars.js';
import { algorithmsSchema, startTrainingSchema } from '../training.types.js';
import { EXPERIMENT_STATES, type ExperimentState } from './experiment-state.js';
import { TRIAL_STATES, type TrialState } from './trial.entity.js';

/** Trials of one experiment, at most. */
export const MAX_TRIALS = 500;
const DAY_MINUTES = 1440;
const MAX_DOMAINS = 100;
const MAX_VALUES = 100;

const SCALES = ['LINEAR', 'LOG'] as const;
const ORDERS = ['BEST', 'NUMBER'] as const;
export type TrialOrder = (typeof ORDERS)[number];

const ExperimentStateEnum = enumOf(EXPERIMENT_STATES);
const TrialStateEnum = enumOf(TRIAL_STATES);
const SearchScaleEnum = enumOf(SCALES);
export const TrialOrderEnum = enumOf(ORDERS);

registerEnumType(ExperimentStateEnum, {
  name: 'ExperimentState',
  description: 'SUCCEEDED, FAILED and CANCELLED are final.',
  valuesMap: { TRAINING: { description: 'The search is over, and what it found is trained as a version.' } },
});
registerEnumType(TrialStateEnum, {
  name: 'TrialState',
  valuesMap: { STOPPED: { description: 'The search ended before it was scored.' } },
});
registerEnumType(SearchScaleEnum, { name: 'SearchScale', description: 'Even, or even in the logarithm.' });
registerEnumType(TrialOrderEnum, {
  name: 'TrialOrder',
  valuesMap: {
    BEST: { description: 'By rung, the highest first, and there by score, the best first.' },
    NUMBER: { description: 'In the order in which they began.' },
  },
});

@InputType({ description: 'The values of one hyperparameter: `min` and `max`, or `values`.' })
export class SearchDomainInput {
  @Field(() => String, { description: 'Its name, such as `maxDepth`.' })
  hyperparameter!: string;

  @Field(() => AlgorithmEnum, { nullable: true, description: 'Default: for all that have it.' })
  algorithm?: Algorithm | null;

  @Field(() => Float, { nullable: true })
  min?: number | null;

  @Field(() => Float, { nullable: true })
  max?: number | null;

  @Field(() => SearchScaleEnum, { nullable: true, description: 'Default LINEAR.' })
  scale?: SearchRange['scale'] | null;

  @Field(() => [Float], { nullable: true, description: 'Instead of a range; one value fixes it.' })
  values?: number[] | null;
}

@InputType({ description: 'What ends the search: either of the two, or whichever comes first.' })
export class SearchBudgetInput {
  @Field(() => Int, { nullable: true, description: `Configurations to try, at most ${MAX_TRIALS}.` })
  trials?: number | null;

  @Field(() => Float, { nullable: true, description: 'Time for the search, without the training of what it finds.' })
  minutes?: number | null;

  @Field(() => Float, {
    nullable: true,
    description:
      'USD for the search, without the training of what it finds, by SAGEMAKER_PRICES: as many minutes as that buys at most. Nobody bills a LOCAL one.',
  })
  cost?: number | null;
}

@InputType()
export class StartExperimentInput {
  @Field(() => String, { description: 'Name of the model.' })
  model!: string;

  @Field(() => [AlgorithmEnum], { nullable: true, description: 'Default: all that fit the task.' })
  algorithms?: Algorithm[] | null;

  @Field(() => [SearchDomainInput], {
    nullable: true,
    description: 'What is not named is searched in a range that suits the algorithm, or keeps its default.',
  })
  space?: SearchDomainInput[] | null;

  @Field(() => SearchBudgetInput)
  budget!: SearchBudgetInput;

  @Field(() => Int, { nullable: true, description: 'Number of the dataset version. Default: the newest.' })
  datasetVersion?: number | null;

  @Field(() => Float, { nullable: true, description: 'Whole number; the same seed gives the same trials. Default 42.' })
  seed?: number | null;

  @Field(() => String, {
    nullable: true,
    description: 'Column that holds how much each row counts in every training: numbers of 0 or more.',
  })
  weightColumn?: string | null;

  @Field(() => JsonScalar, {
    nullable: true,
    description: 'How much rows of a class count in every training, by label; 1 where none is given.',
  })
  classWeights?: unknown;

  @Field(() => Int, {
    nullable: true,
    description:
      'Trials are scored by cross-validation in so many folds, 2 to 20, and the version is cross-validated likewise. Default: on the validation rows.',
  })
  folds?: number | null;

  @Field(() => BackendEnum, {
    nullable: true,
    description: "Of the search and of the training of what it finds. Default: the model's.",
  })
  backend?: BackendName | null;
}

const domainSchema = z.object({
  hyperparameter: z.string(),
  algorithm: z.enum(ALGORITHMS).nullish(),
  min: z.number().nullish(),
  max: z.number().nullish(),
  scale: z.enum(SCALES).nullish(),
  values: z.array(z.number()).max(MAX_VALUES).nullish(),
});

const budgetSchema = z
  .object({
    trials: z
      .number()
      .int()
      .min(1, 'must be 1 at least')
      .max(MAX_TRIALS, `must be ${MAX_TRIALS} at most; start another experiment with another seed for more`)
      .nullish(),
    minutes: z.number().positive('must be above 0').max(DAY_MINUTES, `must be ${DAY_MINUTES} at most, a day`).nullish(),
    cost: z.number().positive('must be above 0').nullish(),
  })
  .refine(({ trials, minutes }) => typeof (trials ?? minutes) === 'number', 'must have trials or minutes, or both');

export const startExperimentSchema = startTrainingSchema
  .pick({
    model: true,
    datasetVersion: true,
    seed: true,
    weightColumn: true,
    classWeights: true,
    folds: true,
    backend: true,
  })
  .extend({
    algorithms: algorithmsSchema(ALGORITHMS),
    space: z.array(domainSchema).max(MAX_DOMAINS).nullish(),
    budget: budgetSchema,
  });

export type StartExperiment = z.output<typeof startExperimentSchema>;

@ObjectType({ description: 'The values that a search gives to one hyperparameter of an algorithm.' })
export class SearchDomain {
  @Field(() => AlgorithmEnum)
  algorithm!: Algorithm;

  @Field(() => String)
  hyperparameter!: string;

  @Field(() => Float, { nullable: true })
  min!: number | null;

  @Field(() => Float, { nullable: true })
  max!: number | null;

  @Field(() => SearchScaleEnum, { nullable: true })
  scale!: SearchRange['scale'] | null;

  @Field(() => [Float], { nullable: true })
  values!: number[] | null;
}

@ObjectType()
export class SearchBudget {
  @Field(() => Int, { description: 'At most.' })
  trials!: number;

  @Field(() => Float, { nullable: true, description: 'At most.' })
  minutes!: number | null;
}

@ObjectType('TrialResult', {
  description: 'A trial on one rung: trained on some of the training rows, or on all of them.',
})
export class TrialResultType {
  @Field(() => Int, { description: '0 is the lowest.' })
  rung!: number;

  @Field(() => Int, { description: 'Training rows of the rung; with folds, the rows that they divide.' })
  rows!: number;

  @Field(() => Float, { description: "The experiment's metric on the validation rows, or its mean over the folds." })
  score!: number;

  @Field(() => JsonScalar, { description: 'All metrics, by name, measured likewise.' })
  metrics!: unknown;

  @Field(() => Float)
  seconds!: number;
}

@ObjectType('Trial', {
  description:
    'One configuration, on more and more rows as long as it is among the best third. Scores of different rungs do not compare.',
})
export class TrialType {
  @Field(() => Int, { description: '1, 2, 3 … within its experiment.' })
  number!: number;

  @Field(() => AlgorithmEnum)
  algorithm!: Algorithm;

  @Field(() => JsonScalar)
  hyperparameters!: unknown;

  @Field(() => TrialStateEnum)
  state!: TrialState;

  @Field(() => Int, { nullable: true, description: 'The highest it was scored on; 0 is the lowest.' })
  rung!: number | null;

  @Field(() => Int, { nullable: true, description: 'Training rows of that rung.' })
  rows!: number | null;

  @Field(() => Float, { nullable: true, description: "On that rung, the experiment's metric." })
  score!: number | null;

  @Field(() => [TrialResultType], { description: 'By rung, the lowest first.' })
  results!: TrialResultType[];

  @Field(() => Float, { description: 'Time spent on it.' })
  seconds!: number;

  @Field(() => String, { nullable: true, description: 'Why it failed, and what to do.' })
  failure!: string | null;
}

@ObjectType()
export class TrialPage extends PageOf(TrialType) {}

@ObjectType('Experiment', {
  description:
    'A search for hyperparameters by successive halving. The best trial is trained as a version and goes before the gate.',
})
export class ExperimentType {
  @Field(() => ID)
  id!: string;

  /** For fields that are resolved from elsewhere. */
  modelId!: string;
  groupId!: string | null;

  @Field(() => ID)
  datasetVersionId!: string;

  @Field(() => [AlgorithmEnum])
  algorithms!: Algorithm[];

  @Field(() => [SearchDomain], { description: 'With the ranges that were not given.' })
  space!: SearchDomain[];

  @Field(() => SearchBudget)
  budget!: SearchBudget;

  @Field(() => Float)
  seed!: number;

  @Field(() => String, {
    description: 'Decides, on the validation rows or over the folds: the primary metric of the model when it began.',
  })
  metric!: string;

  @Field(() => String, { nullable: true, description: 'Column that holds how much each row counts.' })
  weightColumn!: string | null;

  @Field(() => JsonScalar, { nullable: true, description: 'How much rows of a class count, by label.' })
  classWeights!: unknown;

  @Field(() => Int, { nullable: true, description: 'Of the cross-validation that scores trials, if there is one.' })
  folds!: number | null;

  @Field(() => BackendEnum, { description: 'Of the search and of the training of what it finds.' })
  backend!: BackendName;

  @Field(() => Float, {
    nullable: true,
    description:
      'The most that the search may cost, in USD: its longest time at the full price. 0 on LOCAL, which nobody bills; null where SAGEMAKER_PRICES lacks a type.',
  })
  maximumCost!: number | null;

  @Field(() => Int, { nullable: true, description: 'What AWS bills for the search, less what a spot machine saved.' })
  billedSeconds!: number | null;

  @Field(() => Float, { nullable: true, description: 'Of the billed seconds, in USD. Null where a price is unknown.' })
  cost!: number | null;

  @Field(() => Boolean)
  higherIsBetter!: boolean;

  @Field(() => ExperimentStateEnum)
  state!: ExperimentState;

  @Field(() => Float, { description: 'Share of the search that is done, 0 to 1.' })
  progress!: number;

  @Field(() => String, { description: 'What it is doing, such as `trial 4 on 1386 rows: tree 37 of 100`.' })
  message!: string;

  @Field(() => String, { nullable: true, description: 'Why it failed, and what to do.' })
  failure!: string | null;

  @Field(() => ID, { nullable: true })
  requestedBy!: string | null;

  @Field(() => GraphQLISODateTime)
  createdAt!: Date;

  @Field(() => GraphQLISODateTime, { nullable: true })
  startedAt!: Date | null;

  @Field(() => GraphQLISODateTime, { nullable: true })
  finishedAt!: Date | null;
}

@ObjectType()
export class ExperimentPage extends PageOf(ExperimentType) {}
