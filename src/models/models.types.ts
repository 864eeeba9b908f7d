import { Field, Float, GraphQLISODateTime, ID, InputType, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { z } from 'zod';
import { enumOf } from '../platform/graphql/enum-of.js';
import { PageOf } from '../platform/graphql/pagination.js';
import { BigIntScalar, JsonScalar } from '../platform/graphql/scalars.js';
import type { Task } from '../ml/schema/signature.js';
import type { SplitMethod } from '../ml/train/split.js';
import { EVALUATORS } from './artifact/manifest.js';
import { VERSION_ALGORITHMS, type VersionAlgorithm } from './algorithm.js';
import { type BackendName, BACKENDS } from './training-backend-name.js';
import {
  PROMOTION_ACTIONS,
  PROMOTION_MODES,
  type PromotionAction,
  type PromotionMode,
  type Stage,
  STAGES,
} from './stage.js';

export const AlgorithmEnum = enumOf(VERSION_ALGORITHMS);
export const StageEnum = enumOf(STAGES);
export const EvaluatorKindEnum = enumOf(EVALUATORS);
export const BackendEnum = enumOf(BACKENDS);
const TaskEnum = enumOf<Task>(['REGRESSION', 'CLASSIFICATION']);
const SplitMethodEnum = enumOf<SplitMethod>(['RANDOM', 'STRATIFIED', 'TIME']);
const PromotionModeEnum = enumOf(PROMOTION_MODES);
const PromotionActionEnum = enumOf(PROMOTION_ACTIONS);

registerEnumType(AlgorithmEnum, {
  name: 'Algorithm',
  valuesMap: {
    FOREIGN: {
      description: 'Not trained by us: an ONNX file that was registered, or that the script of `trainingImage` left.',
    },
  },
});
registerEnumType(BackendEnum, {
  name: 'TrainingBackend',
  description: 'Where trainings run: in child processes of the worker, or as jobs of SageMaker.',
});
registerEnumType(EvaluatorKindEnum, {
  name: 'EvaluatorKind',
  valuesMap: {
    COMPILED: { description: 'Our kernels, which know every operator of the graph.' },
    ONNX_RUNTIME: { description: 'ONNX Runtime, for graphs with other operators.' },
  },
});
registerEnumType(TaskEnum, {
  name: 'Task',
  description: 'What a model predicts: a number, or one of several classes.',
});
registerEnumType(SplitMethodEnum, {
  name: 'SplitMethod',
  description: 'How rows are divided: 70 % to train on, 15 % to choose the algorithm by, 15 % held out.',
  valuesMap: {
    RANDOM: { description: "By a hash of the row's features: a row never changes sides." },
    STRATIFIED: { description: 'By the same hash, every class in these shares: for rare classes.' },
    TIME: { description: 'By a time column: the latest rows are held out.' },
  },
});
registerEnumType(StageEnum, {
  name: 'Stage',
  valuesMap: {
    CANDIDATE: { description: 'Registered, not chosen.' },
    CHALLENGER: { description: 'Recommended by the gate and waits for a person, or tried beside the champion.' },
    CHAMPION: { description: 'Serves by default. One a model.' },
    RETIRED: { description: 'Was champion.' },
    REJECTED: { description: 'Refused by a person; never served.' },
  },
});
registerEnumType(PromotionModeEnum, {
  name: 'PromotionMode',
  valuesMap: {
    AUTOMATIC: { description: 'The gate promotes by itself.' },
    MANUAL: { description: 'The gate recommends, a person promotes.' },
  },
});
registerEnumType(PromotionActionEnum, {
  name: 'PromotionAction',
  valuesMap: {
    PROMOTED: { description: 'Became champion.' },
    RECOMMENDED: { description: 'The gate asks a person to promote it.' },
    DECLINED: { description: 'Not promoted: by the gate, or by a person who was asked.' },
    REJECTED: { description: 'Refused for good.' },
    ROLLED_BACK: { description: 'Became champion again.' },
    CHALLENGED: { description: 'Is tried beside the champion from now on.' },
    CHALLENGE_ENDED: { description: 'Is no longer tried.' },
    DELETED: { description: 'The champion until its model was deleted.' },
  },
});

@InputType()
export class FloorInput {
  @Field(() => String, { description: 'Name of a metric, such as `rocAuc`.' })
  metric!: string;

  @Field(() => Float, { description: 'At least this where more is better, at most where less is.' })
  value!: number;
}

@ObjectType({ description: 'A bound that a version must keep on the held-out rows to be promoted by the gate.' })
export class Floor {
  @Field(() => String)
  metric!: string;

  @Field(() => Float)
  value!: number;
}

@InputType({ isAbstract: true })
abstract class GateInput {
  @Field(() => String, {
    nullable: true,
    description:
      'Metric that decides: `rmse` or `mae`; `logLoss`, `brier` or `accuracy`. Default: the first of its task.',
  })
  primaryMetric?: string | null;

  @Field(() => Float, {
    nullable: true,
    description: 'By how much a challenger must beat the champion, in the unit of the metric. Default 0.',
  })
  margin?: number | null;

  @Field(() => [FloorInput], {
    nullable: true,
    description: 'Without one for the primary metric, that metric must be better than a constant prediction.',
  })
  floors?: FloorInput[] | null;
}

@InputType()
export class CreateModelInput extends GateInput {
  @Field(() => String, { description: 'Up to 63 of a-z, 0-9, - and _.' })
  name!: string;

  @Field(() => TaskEnum)
  task!: Task;

  @Field(() => String, { description: 'Name of the dataset to learn from.' })
  dataset!: string;

  @Field(() => String, { description: 'Column to predict.' })
  target!: string;

  @Field(() => [String], {
    description:
      'Columns to predict from. A DATE or TIMESTAMP counts as its year, month, weekday and, of a TIMESTAMP, hour, in UTC.',
  })
  features!: string[];

  @Field(() => SplitMethodEnum, { nullable: true, description: 'Default: TIME with a time column, else RANDOM.' })
  split?: SplitMethod | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Column that says when a row was observed: train on the past, hold out the latest rows. No feature unless named as one.',
  })
  timeColumn?: string | null;

  @Field(() => PromotionModeEnum, { defaultValue: 'AUTOMATIC' })
  promotionMode!: PromotionMode;

  @Field(() => BackendEnum, {
    nullable: true,
    description: "Where its trainings run that name none, retrainings too. Default: the installation's.",
  })
  backend?: BackendName | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Image of a training script of your own, of those that SAGEMAKER_IMAGE_ALLOW_LIST names. Its trainings are then FOREIGN ones on SageMaker by default, and their versions come from the model.onnx that the script leaves.',
  })
  trainingImage?: string | null;
}

@InputType()
export class UpdateModelInput extends GateInput {
  @Field(() => String)
  name!: string;

  @Field(() => PromotionModeEnum, { nullable: true })
  promotionMode?: PromotionMode | null;

  @Field(() => BackendEnum, {
    nullable: true,
    description: "Null: the installation's. Left out: as it is.",
  })
  backend?: BackendName | null;

  @Field(() => String, { nullable: true, description: 'Null: none any more. Left out: as it is.' })
  trainingImage?: string | null;
}

@InputType()
export class RollbackInput {
  @Field(() => String)
  model!: string;

  @Field(() => String, { description: 'For the ledger: why.' })
  reason!: string;
}

@InputType()
export class VersionDecisionInput extends RollbackInput {
  @Field(() => Int)
  version!: number;
}

const reason = z.string().trim().min(1, 'must say why; it stays in the ledger').max(1000);
export const rollbackSchema = z.object({ model: z.string(), reason });
export const versionDecisionSchema = rollbackSchema.extend({ version: z.number().int() });

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
