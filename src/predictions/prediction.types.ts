import { ArgsType, Field, Float, ID, InputType, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import type { ScoreUnit } from '../ml/explain/head.js';
import type { VersionAlgorithm } from '../models/algorithm.js';
import { AlgorithmEnum, StageEnum } from '../models/models.enums.js';
import type { Stage } from '../models/stage.js';
import { enumOf } from '../platform/graphql/enum-of.js';
import { PageArgs, PageOf } from '../platform/graphql/pagination.js';
import { JsonScalar } from '../platform/graphql/scalars.js';
import { DEFAULT_DAYS } from './prediction-history.service.js';
import { CALLER_KINDS, type CallerKind } from './prediction.entity.js';

const ScoreUnitEnum = enumOf<ScoreUnit>(['VALUE', 'PROBABILITY', 'LOG_ODDS', 'SOFTMAX_SCORE']);
registerEnumType(ScoreUnitEnum, {
  name: 'ScoreUnit',
  valuesMap: {
    VALUE: { description: 'The predicted number itself.' },
    PROBABILITY: {},
    LOG_ODDS: { description: 'log(p / (1 − p)).' },
    SOFTMAX_SCORE: { description: 'The softmax over the scores of all classes gives the probabilities.' },
  },
});

const CallerKindEnum = enumOf(CALLER_KINDS);
registerEnumType(CallerKindEnum, { name: 'CallerKind' });

@InputType()
export class PredictInput {
  @Field(() => String, { description: 'Name of the model.' })
  model!: string;

  @Field(() => [JsonScalar], { description: 'One object a row: a value for every column of the signature.' })
  rows!: unknown[];

  @Field(() => Int, { nullable: true, description: 'A certain version instead of the champion.' })
  version?: number | null;

  @Field(() => AlgorithmEnum, { nullable: true, description: 'The lead version of this algorithm.' })
  algorithm?: VersionAlgorithm | null;

  @Field(() => StageEnum, { nullable: true, description: 'The newest version of this stage.' })
  stage?: Stage | null;

  @Field(() => [String], { nullable: true, description: 'Your own name for each row, to find its prediction by.' })
  correlationIds?: string[] | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Also tell what each column contributed; at most 100 rows.',
  })
  explain?: boolean | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Any text of your own: repeated with the same input, it gets the same answer and no second prediction.',
  })
  idempotencyKey?: string | null;
}

@ObjectType({ description: 'The version that a prediction came from.' })
export class ServingVersion {
  @Field(() => String, { description: 'Name of the model.' })
  name!: string;

  @Field(() => Int)
  version!: number;

  @Field(() => AlgorithmEnum)
  algorithm!: VersionAlgorithm;
}

@ObjectType({ isAbstract: true })
abstract class PredictionFields {
  @Field(() => ID)
  id!: string;

  @Field(() => JsonScalar, { description: 'The most probable class, or the number of a regression.' })
  value!: string | number;

  @Field(() => JsonScalar, { nullable: true, description: 'Classification only: class → probability.' })
  probabilities?: Readonly<Record<string, number>> | null;
}

@ObjectType('ExplainedScore', { description: 'base + the sum of the contributions = output.' })
export class ExplainedScoreType {
  @Field(() => String, {
    nullable: true,
    description: 'The class that the score speaks for. Of two classes only the second has one; null for a regression.',
  })
  class!: string | null;

  @Field(() => Float, { description: 'Mean of the score over the training rows.' })
  base!: number;

  @Field(() => Float, { description: 'Score of this row.' })
  output!: number;

  @Field(() => JsonScalar, { description: 'Column → its part of the difference.' })
  contributions!: Readonly<Record<string, number>>;
}

@ObjectType('PredictionExplanation', {
  description:
    'Of linear models each column’s distance from its mean times its weight; of trees the path-dependent SHAP values.',
})
export class PredictionExplanationType {
  @Field(() => ScoreUnitEnum)
  unit!: ScoreUnit;

  @Field(() => Boolean, {
    description:
      'Whether the probabilities were calibrated: made of these scores by a function that was fitted afterwards.',
  })
  calibrated!: boolean;

  @Field(() => [ExplainedScoreType])
  scores!: readonly ExplainedScoreType[];
}

@ObjectType()
export class PredictedRow extends PredictionFields {
  @Field(() => Int, {
    nullable: true,
    description: 'The version that answered this row, if it was not `model` but a challenger in a canary.',
  })
  version?: number | null;

  @Field(() => PredictionExplanationType, {
    nullable: true,
    description: 'If it was asked for: by the version that answered this row.',
  })
  explanation?: PredictionExplanationType | null;
}

@ObjectType()
export class PredictionSet {
  @Field(() => ServingVersion, { description: 'Whom the rows were asked of; a challenger may have answered some.' })
  model!: ServingVersion;

  @Field(() => [PredictedRow], { description: 'In the order of the rows.' })
  predictions!: readonly PredictedRow[];
}

@ObjectType()
export class PredictionCaller {
  @Field(() => CallerKindEnum)
  kind!: CallerKind;

  @Field(() => ID)
  id!: string;
}

@ObjectType({ description: 'An entry of the prediction log.' })
export class LoggedPrediction extends PredictionFields {
  @Field(() => Date)
  time!: Date;

  /** Resolves the field `model`. */
  versionId!: string;

  @Field(() => JsonScalar, { description: 'The row as the model took it.' })
  inputs!: Readonly<Record<string, unknown>>;

  @Field(() => Float, { description: 'From the arrival of the request to its scores; rows of one request share it.' })
  latencyMs!: number;

  @Field(() => PredictionCaller)
  caller!: PredictionCaller;

  @Field(() => String, { nullable: true })
  correlationId!: string | null;

  @Field(() => String)
  requestId!: string;

  @Field(() => Boolean, { description: 'Whether a challenger made it in the shadow: nobody was given it.' })
  shadow!: boolean;

  @Field(() => ID, { nullable: true, description: 'Of a shadow: the prediction that was given.' })
  shadowOf!: string | null;
}

@ObjectType()
export class PredictionPage extends PageOf(LoggedPrediction) {}

@InputType()
export class PredictionFilterInput {
  @Field(() => String, { nullable: true, description: 'Name of a model.' })
  model?: string | null;

  @Field(() => Int, { nullable: true, description: 'A version of that model.' })
  version?: number | null;

  @Field(() => Date, {
    nullable: true,
    description: `Not before this time. Without it, the ${DEFAULT_DAYS} days before \`to\` are searched.`,
  })
  from?: Date | null;

  @Field(() => Date, { nullable: true, description: 'Before this time. Without it, up to now.' })
  to?: Date | null;

  @Field(() => ID, { nullable: true, description: 'Id of a user, or of an API key.' })
  caller?: string | null;

  @Field(() => String, { nullable: true })
  correlationId?: string | null;

  @Field(() => Boolean, { nullable: true, description: 'Only shadows, or none of them. Without it, both.' })
  shadow?: boolean | null;
}

@ArgsType()
export class PredictionArgs extends PageArgs {
  @Field(() => PredictionFilterInput, { nullable: true })
  filter?: PredictionFilterInput | null;
}
