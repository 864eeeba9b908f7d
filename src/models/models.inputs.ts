import { Field, Float, InputType, Int } from '@nestjs/graphql';
import { z } from 'zod';
import type { Task } from '../ml/schema/signature.js';
import type { SplitMethod } from '../ml/train/split.js';
import { BackendEnum, LogModeEnum, PromotionModeEnum, SplitMethodEnum, TaskEnum } from './models.enums.js';
import type { LogMode } from './serving-settings.js';
import type { PromotionMode } from './stage.js';
import type { BackendName } from './training-backend-name.js';

@InputType()
export class FloorInput {
  @Field(() => String, { description: 'Name of a metric, such as `rocAuc`.' })
  metric!: string;

  @Field(() => Float, { description: 'At least this where more is better, at most where less is.' })
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

  @Field(() => Float, {
    nullable: true,
    description:
      'Longest time that a request for its predictions may take to be computed; after it, TIMED_OUT. Null: PREDICTION_TIMEOUT_SECONDS.',
  })
  predictionTimeoutSeconds?: number | null;

  @Field(() => LogModeEnum, { nullable: true, description: 'Null: PREDICTION_LOG_MODE.' })
  predictionLogMode?: LogMode | null;
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

  @Field(() => Float, {
    nullable: true,
    description:
      'Longest time that a request for its predictions may take to be computed; after it, TIMED_OUT. Null: PREDICTION_TIMEOUT_SECONDS. Left out: as it is.',
  })
  predictionTimeoutSeconds?: number | null;

  @Field(() => LogModeEnum, { nullable: true, description: 'Null: PREDICTION_LOG_MODE. Left out: as it is.' })
  predictionLogMode?: LogMode | null;
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
