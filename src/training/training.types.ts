import { Field, Float, GraphQLISODateTime, ID, InputType, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { z } from 'zod';
import { MAX_FOLDS, MIN_FOLDS } from '../ml/train/folds.js';
import { VERSION_ALGORITHMS, type VersionAlgorithm } from '../models/algorithm.js';
import { AlgorithmEnum, BackendEnum } from '../models/models.enums.js';
import { type BackendName, BACKENDS } from '../models/training-backend-name.js';
import { PageOf } from '../platform/graphql/pagination.js';
import { JsonScalar } from '../platform/graphql/scalars.js';
import { RUN_STATES, type RunState } from './run-state.js';

const RunStateEnum = Object.fromEntries(RUN_STATES.map((state) => [state, state])) as { readonly [S in RunState]: S };
registerEnumType(RunStateEnum, {
  name: 'TrainingRunState',
  description: 'SUCCEEDED, FAILED and CANCELLED are final.',
});

@InputType()
export class StartTrainingInput {
  @Field(() => String, { description: 'Name of the model.' })
  model!: string;

  @Field(() => [AlgorithmEnum], {
    nullable: true,
    description:
      "One run each; the gate chooses the best on validation. FOREIGN is the script of the model's trainingImage, and the default where it has one; else all that fit the task.",
  })
  algorithms?: VersionAlgorithm[] | null;

  @Field(() => Int, { nullable: true, description: 'Number of the dataset version. Default: the newest.' })
  datasetVersion?: number | null;

  @Field(() => Float, { nullable: true, description: 'Whole number; the same seed gives the same model. Default 42.' })
  seed?: number | null;

  @Field(() => JsonScalar, {
    nullable: true,
    description: 'Settings by name, such as {"trees": 200}. Each must be known to one of the algorithms at least.',
  })
  hyperparameters?: unknown;

  @Field(() => String, {
    nullable: true,
    description: 'Column that holds how much each row counts: numbers of 0 or more. Default: all alike.',
  })
  weightColumn?: string | null;

  @Field(() => JsonScalar, {
    nullable: true,
    description:
      'How much rows of a class count, by label, such as {"fog": 5}; 1 where none is given. The hyperparameter classBalance makes up for rare classes by itself.',
  })
  classWeights?: unknown;

  @Field(() => Int, {
    nullable: true,
    description:
      'Cross-validation in so many folds, 2 to 20, on the rows that are not held out; with a time column each fold is later than what it was trained on. Default: none.',
  })
  folds?: number | null;

  @Field(() => BackendEnum, { nullable: true, description: "Default: the model's." })
  backend?: BackendName | null;
}

/** Names of algorithms, each once, of those that may be. */
export function algorithmsSchema<Name extends string>(names: readonly [Name, ...Name[]]) {
  return z
    .array(z.enum(names))
    .min(1, 'must name at least one algorithm')
    .refine((chosen) => new Set(chosen).size === chosen.length, 'must name each algorithm once')
    .nullish();
}

export const startTrainingSchema = z.object({
  model: z.string(),
  algorithms: algorithmsSchema(VERSION_ALGORITHMS),
  datasetVersion: z.number().int().positive().nullish(),
  seed: z.number().int('must be a whole number').nonnegative('must not be negative').max(999_999_999_999_999).nullish(),
  hyperparameters: z.record(z.string(), z.number('must be a number')).nullish(),
  weightColumn: z.string().nullish(),
  classWeights: z.record(z.string(), z.number('must be a number').nonnegative('must not be negative')).nullish(),
  folds: z.number().int().min(MIN_FOLDS).max(MAX_FOLDS).nullish(),
  backend: z.enum(BACKENDS).nullish(),
});

export type StartTraining = z.output<typeof startTrainingSchema>;

@ObjectType('TrainingRun')
export class TrainingRunType {
  @Field(() => ID)
  id!: string;

  @Field(() => ID, { description: 'Shared by the runs that were started together.' })
  groupId!: string;

  /** For fields that are resolved from elsewhere. */
  modelId!: string;
  versionId!: string | null;

  @Field(() => ID)
  datasetVersionId!: string;

  @Field(() => String, {
    description: 'Why it was started: MANUAL, EXPERIMENT, or DRIFT, QUALITY or AGE for a retraining.',
  })
  trigger!: string;

  @Field(() => AlgorithmEnum)
  algorithm!: VersionAlgorithm;

  @Field(() => String, { nullable: true, description: 'Of the training script, for a FOREIGN one.' })
  image!: string | null;

  @Field(() => JsonScalar, { description: 'As given.' })
  hyperparameters!: unknown;

  @Field(() => Float)
  seed!: number;

  @Field(() => String, { nullable: true, description: 'Column that holds how much each row counts.' })
  weightColumn!: string | null;

  @Field(() => JsonScalar, { nullable: true, description: 'How much rows of a class count, by label.' })
  classWeights!: unknown;

  @Field(() => Int, { nullable: true, description: 'Of its cross-validation, if one was asked for.' })
  folds!: number | null;

  @Field(() => BackendEnum)
  backend!: BackendName;

  @Field(() => Float, {
    nullable: true,
    description:
      'The most that it may cost, in USD: its longest time at the full price. 0 on LOCAL, which nobody bills; null where SAGEMAKER_PRICES lacks a type.',
  })
  maximumCost!: number | null;

  @Field(() => Int, { nullable: true, description: 'What AWS bills, less what a spot machine saved.' })
  billedSeconds!: number | null;

  @Field(() => Float, { nullable: true, description: 'Of the billed seconds, in USD. Null where a price is unknown.' })
  cost!: number | null;

  @Field(() => RunStateEnum)
  state!: RunState;

  @Field(() => Float, { description: 'Share that is done, 0 to 1.' })
  progress!: number;

  @Field(() => String, { description: 'What it is doing, such as `tree 37 of 100`.' })
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
export class TrainingRunPage extends PageOf(TrainingRunType) {}
