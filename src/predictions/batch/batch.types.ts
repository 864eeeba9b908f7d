import { Field, Float, GraphQLISODateTime, ID, InputType, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { z } from 'zod';
import { enumOf } from '../../platform/graphql/enum-of.js';
import { PageOf } from '../../platform/graphql/pagination.js';
import { BigIntScalar } from '../../platform/graphql/scalars.js';
import { BATCH_STATES, type BatchState } from './batch-state.js';

const BatchStateEnum = enumOf(BATCH_STATES);
registerEnumType(BatchStateEnum, {
  name: 'BatchPredictionState',
  description: 'SUCCEEDED, FAILED and CANCELLED are final.',
});

@InputType()
export class StartBatchPredictionInput {
  @Field(() => String, { description: 'Name of the model.' })
  model!: string;

  @Field(() => Int, { nullable: true, description: 'A certain version instead of the champion.' })
  version?: number | null;

  @Field(() => String, { nullable: true, description: "Name of the dataset to score. Default: the model's own." })
  dataset?: string | null;

  @Field(() => Int, { nullable: true, description: 'Number of its version. Default: the newest.' })
  datasetVersion?: number | null;
}

export const startBatchPredictionSchema = z.object({
  model: z.string(),
  version: z.number().int().positive().nullish(),
  dataset: z.string().nullish(),
  datasetVersion: z.number().int().positive().nullish(),
});
export type StartBatchPrediction = z.output<typeof startBatchPredictionSchema>;

@ObjectType('BatchPrediction', {
  description: 'The rows of a dataset version with the predictions of a model version beside them, as a Parquet file.',
})
export class BatchPredictionType {
  @Field(() => ID)
  id!: string;

  /** Resolves the field `version`. */
  versionId!: string;

  @Field(() => ID)
  datasetVersionId!: string;

  @Field(() => BatchStateEnum)
  state!: BatchState;

  @Field(() => Float, { description: 'Share of the rows that is done, 0 to 1.' })
  progress!: number;

  @Field(() => String)
  message!: string;

  @Field(() => String, { nullable: true, description: 'Why there is no file, and what to do.' })
  failure!: string | null;

  @Field(() => BigIntScalar, { nullable: true })
  rows!: number | null;

  @Field(() => BigIntScalar, {
    nullable: true,
    description:
      'Rows without a prediction: a value is missing that the model needs, or is beyond what it can compute with.',
  })
  unscored!: number | null;

  @Field(() => BigIntScalar, { nullable: true, description: 'Size of the file.' })
  bytes!: number | null;

  @Field(() => String, { nullable: true, description: 'Path of the file, once there is one; for engineers.' })
  downloadPath!: string | null;

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
export class BatchPredictionPage extends PageOf(BatchPredictionType) {}
