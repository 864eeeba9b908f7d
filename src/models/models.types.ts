import { Field, Float, GraphQLISODateTime, ID, Int, ObjectType } from '@nestjs/graphql';
import { PageOf } from '../platform/graphql/pagination.js';
import { BigIntScalar, JsonScalar } from '../platform/graphql/scalars.js';
import type { Task } from '../ml/schema/signature.js';
import type { SplitMethod } from '../ml/train/split.js';
import type { VersionAlgorithm } from './algorithm.js';
import {
  AlgorithmEnum,
  BackendEnum,
  LogModeEnum,
  PromotionActionEnum,
  PromotionModeEnum,
  SplitMethodEnum,
  StageEnum,
  TaskEnum,
} from './models.enums.js';
import type { LogMode } from './serving-settings.js';
import type { PromotionAction, PromotionMode, Stage } from './stage.js';
import type { BackendName } from './training-backend-name.js';

@ObjectType({ description: 'A bound that a version must keep on the held-out rows to be promoted by the gate.' })
export class Floor {
  @Field(() => String)
  metric!: string;

  @Field(() => Float)
  value!: number;
}

@ObjectType('Model')
export class ModelType {
  @Field(() => ID)
  id!: string;

  @Field(() => String)
  name!: string;

  @Field(() => TaskEnum)
  task!: Task;

  @Field(() => ID)
  datasetId!: string;

  @Field(() => String)
  target!: string;

  @Field(() => [String])
  features!: string[];

  @Field(() => SplitMethodEnum)
  split!: SplitMethod;

  @Field(() => String, { nullable: true, description: 'Column that says when a row was observed.' })
  timeColumn!: string | null;

  @Field(() => String)
  primaryMetric!: string;

  @Field(() => Float)
  margin!: number;

  @Field(() => [Floor])
  floors!: Floor[];

  @Field(() => PromotionModeEnum)
  promotionMode!: PromotionMode;

  @Field(() => BackendEnum, {
    nullable: true,
    description: "Where its trainings run that name none, retrainings too. Null: the installation's default.",
  })
  backend!: BackendName | null;

  @Field(() => String, { nullable: true, description: 'Image of its own training script.' })
  trainingImage!: string | null;

  @Field(() => Float, {
    nullable: true,
    description:
      'Longest time that a request for its predictions may take to be computed; after it, TIMED_OUT. Null: PREDICTION_TIMEOUT_SECONDS.',
  })
  predictionTimeoutSeconds!: number | null;

  @Field(() => LogModeEnum, { nullable: true, description: 'Null: PREDICTION_LOG_MODE.' })
  predictionLogMode!: LogMode | null;

  @Field(() => GraphQLISODateTime)
  createdAt!: Date;
}

@ObjectType('ModelVersion')
export class ModelVersionType {
  @Field(() => ID)
  id!: string;

  /** For fields that are resolved from the model. */
  modelId!: string;

  @Field(() => Int)
  version!: number;

  @Field(() => AlgorithmEnum)
  algorithm!: VersionAlgorithm;

  @Field(() => StageEnum)
  stage!: Stage;

  @Field(() => Boolean)
  passedFloors!: boolean;

  @Field(() => JsonScalar, {
    description:
      'Inputs with their types and categories, task, target and classes. For `derived` ones callers send the column it names, as an ISO 8601 date or time.',
  })
  signature!: unknown;

  @Field(() => ID, {
    nullable: true,
    description: 'Of the training it came from; null for a file that was registered.',
  })
  runId!: string | null;

  /** For fields that are resolved from elsewhere. */
  registrationId!: string | null;

  @Field(() => String, { description: 'SHA-256 of model.tar.gz.' })
  artifactSha256!: string;

  @Field(() => BigIntScalar)
  artifactBytes!: number;

  @Field(() => GraphQLISODateTime)
  createdAt!: Date;
}

@ObjectType()
export class ModelPage extends PageOf(ModelType) {}

@ObjectType()
export class ModelVersionPage extends PageOf(ModelVersionType) {}

@ObjectType('Promotion', { description: 'An entry of the ledger. Nobody can change or remove one.' })
export class PromotionType {
  @Field(() => ID)
  id!: string;

  @Field(() => String, { description: 'Name of the model.' })
  model!: string;

  @Field(() => Int)
  version!: number;

  @Field(() => ID)
  versionId!: string;

  @Field(() => Int, { nullable: true, description: 'The champion until then.' })
  previousChampion!: number | null;

  @Field(() => PromotionActionEnum)
  action!: PromotionAction;

  @Field(() => ID, { nullable: true, description: 'Null for the gate.' })
  actorId!: string | null;

  @Field(() => String)
  reason!: string;

  @Field(() => JsonScalar, { nullable: true, description: 'What the gate saw: validation, intervals, margin.' })
  evidence!: unknown;

  @Field(() => GraphQLISODateTime)
  createdAt!: Date;
}

@ObjectType()
export class PromotionPage extends PageOf(PromotionType) {}

@ObjectType()
export class ComparedMetric {
  @Field(() => String)
  name!: string;

  @Field(() => Boolean)
  higherIsBetter!: boolean;

  @Field(() => [Float], { nullable: 'items', description: 'On the held-out rows, in the order of the versions.' })
  values!: (number | null)[];

  @Field(() => Int, { nullable: true, description: 'The version with the best value.' })
  best!: number | null;
}

@ObjectType({
  description:
    'Versions side by side. Each was measured on the held-out rows of its own dataset version; `comparable` tells whether that is the same one for all.',
})
export class VersionComparison {
  @Field(() => [ModelVersionType])
  versions!: ModelVersionType[];

  @Field(() => [ComparedMetric])
  metrics!: ComparedMetric[];

  @Field(() => Boolean)
  comparable!: boolean;
}
