import { Field, Float, GraphQLISODateTime, ID, InputType, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { METHOD_NAMES, type MethodName } from '../../ml/statistics/drift/methods.js';
import type { Algorithm } from '../../models/algorithm.js';
import { AlgorithmEnum } from '../../models/models.enums.js';
import { enumOf } from '../../platform/graphql/enum-of.js';
import { PageOf } from '../../platform/graphql/pagination.js';
import { BigIntScalar } from '../../platform/graphql/scalars.js';
import { DRIFT_MODES, type DriftMode, RETRAINING_DATA, type RetrainingData } from './policy-settings.js';

export const DriftModeEnum = enumOf(DRIFT_MODES);
export const RetrainingDataEnum = enumOf(RETRAINING_DATA);
/** The registry's names are lower case; GraphQL's are not. */
export const DriftMethodEnum = Object.fromEntries(METHOD_NAMES.map((name) => [name.toUpperCase(), name]));

registerEnumType(DriftModeEnum, {
  name: 'DriftMode',
  valuesMap: {
    BOUCLE: { description: 'Distances on counts of all rows, kept from firing by chance.' },
    EVIDENTLY: { description: "The rules of Evidently 0.7's data-drift preset, on samples of the features." },
  },
});
registerEnumType(RetrainingDataEnum, {
  name: 'RetrainingData',
  description: 'What a retraining learns from.',
  valuesMap: {
    SOURCE: { description: "The dataset's source, extracted anew." },
    LOGGED: { description: 'Logged predictions with their outcomes.' },
    BOTH: { description: 'One after the other.' },
  },
});
registerEnumType(DriftMethodEnum, { name: 'DriftMethod' });

@InputType()
export class ColumnCheckInput {
  @Field(() => String, { description: 'A feature; the target for what the model predicts.' })
  column!: string;

  @Field(() => DriftMethodEnum)
  method!: MethodName;

  @Field(() => Float, { nullable: true, description: "Default: the method's own." })
  threshold?: number | null;
}

@InputType()
export class PersistenceInput {
  @Field(() => Int)
  k!: number;

  @Field(() => Int)
  n!: number;
}

@InputType()
export class QualityFloorInput {
  @Field(() => String, { description: 'Name of a metric of the task, such as `rocAuc` or `rmse`.' })
  metric!: string;

  @Field(() => Float, { description: 'The least value where more is better, the largest where less is.' })
  floor!: number;

  @Field(() => Int, { nullable: true, description: 'Fewer outcomes say nothing. Default 200.' })
  minimumOutcomes?: number | null;

  @Field(() => Int, { nullable: true, description: 'How far to look back, since outcomes come late. Default 7 days.' })
  windowSeconds?: number | null;
}

@InputType({ description: 'In USD. A retraining that may exceed one of them does not begin.' })
export class CostLimitInput {
  @Field(() => Float, {
    nullable: true,
    description: 'For the trainings of one retraining together, each at the most that it may cost.',
  })
  perRetraining?: number | null;

  @Field(() => Float, { nullable: true, description: 'For all retrainings of the model in any 30 days.' })
  perMonth?: number | null;
}

@InputType({ description: 'How to watch a model. Everything has a default.' })
export class PolicySettingsInput {
  @Field(() => String, {
    nullable: true,
    description: 'When to check: 5 fields, or 6 with seconds first. Default `0 * * * *`, every hour.',
  })
  cron?: string | null;

  @Field(() => String, { nullable: true, description: 'Of the cron expression, such as `Europe/Paris`. Default UTC.' })
  timeZone?: string | null;

  @Field(() => Int, {
    nullable: true,
    description:
      'Length of the window that ends with a check: a multiple of 10 s up to 9 minutes, of a minute up to 2.5 hours, of an hour up to 30 days, of a day beyond. Default a day, which holds all hours.',
  })
  windowSeconds?: number | null;

  @Field(() => DriftModeEnum, { nullable: true, description: 'Default BOUCLE.' })
  mode?: DriftMode | null;

  @Field(() => Int, {
    nullable: true,
    description: 'A window with fewer predictions says nothing. Default 500, what ten groups of 50 rows need.',
  })
  minimumRows?: number | null;

  @Field(() => [ColumnCheckInput], {
    nullable: true,
    description:
      'Own checks of some columns; others keep PSI and the shares of missing and unseen values, at default thresholds.',
  })
  checks?: ColumnCheckInput[] | null;

  @Field(() => Int, { nullable: true, description: 'Groups that values are merged to, at most. Default 10.' })
  groups?: number | null;

  @Field(() => Int, { nullable: true, description: 'Rows that each group needs. Default 50.' })
  rowsPerGroup?: number | null;

  @Field(() => Float, {
    nullable: true,
    description: 'Largest p-value, corrected over all columns, at which a distance is more than chance. Default 0.01.',
  })
  significance?: number | null;

  @Field(() => Float, {
    nullable: true,
    description: 'Share of the judged columns at which the model has drifted. Default 0: any single one is enough.',
  })
  driftedShare?: number | null;

  @Field(() => PersistenceInput, {
    nullable: true,
    description:
      'Drift in k of the last n windows that do not overlap starts a retraining. Default 2 of 3; null: drift is reported only.',
  })
  persistence?: PersistenceInput | null;

  @Field(() => QualityFloorInput, {
    nullable: true,
    description: 'A metric whose confidence band lies wholly on the wrong side of its floor starts a retraining.',
  })
  quality?: QualityFloorInput | null;

  @Field(() => BigIntScalar, { nullable: true, description: 'A champion trained longer ago starts a retraining.' })
  maximumAgeSeconds?: number | null;

  @Field(() => BigIntScalar, {
    nullable: true,
    description: 'After a retraining began, none begins for so long. Default a day.',
  })
  coolDownSeconds?: number | null;

  @Field(() => Int, { nullable: true, description: 'Most retrainings in 24 hours. Default 1.' })
  retrainingsPerDay?: number | null;

  @Field(() => CostLimitInput, { nullable: true, description: 'For trainings that somebody bills. Default: none.' })
  costLimit?: CostLimitInput | null;

  @Field(() => RetrainingDataEnum, { nullable: true, description: 'Default SOURCE.' })
  data?: RetrainingData | null;

  @Field(() => [AlgorithmEnum], { nullable: true, description: 'To try in a retraining. Default all of the task.' })
  algorithms?: Algorithm[] | null;
}

@InputType()
export class MonitoringPolicyInput extends PolicySettingsInput {
  @Field(() => String)
  model!: string;

  @Field(() => Boolean, { nullable: true, description: 'Default true.' })
  enabled?: boolean | null;
}

@ObjectType()
export class ColumnCheck {
  @Field(() => String)
  column!: string;

  @Field(() => DriftMethodEnum)
  method!: MethodName;

  @Field(() => Float)
  threshold!: number;
}

@ObjectType({ description: 'Drift in k of the last n windows.' })
export class Persistence {
  @Field(() => Int)
  k!: number;

  @Field(() => Int)
  n!: number;
}

@ObjectType()
export class QualityFloor {
  @Field(() => String)
  metric!: string;

  @Field(() => Float)
  floor!: number;

  @Field(() => Int)
  minimumOutcomes!: number;

  @Field(() => BigIntScalar)
  windowSeconds!: number;
}

@ObjectType({ description: 'In USD; null: no limit.' })
export class CostLimit {
  @Field(() => Float, { nullable: true })
  perRetraining!: number | null;

  @Field(() => Float, { nullable: true })
  perMonth!: number | null;
}

@ObjectType('MonitoringPolicy', { description: 'How a model is watched, and when it is trained anew.' })
export class MonitoringPolicyType {
  @Field(() => ID)
  id!: string;

  /** For fields that are resolved from the model. */
  modelId!: string;

  @Field(() => Boolean)
  enabled!: boolean;

  @Field(() => String)
  cron!: string;

  @Field(() => String)
  timeZone!: string;

  @Field(() => BigIntScalar)
  windowSeconds!: number;

  @Field(() => DriftModeEnum)
  mode!: DriftMode;

  @Field(() => Int)
  minimumRows!: number;

  @Field(() => [ColumnCheck], { description: 'Of columns that do not have the default ones.' })
  checks!: ColumnCheck[];

  @Field(() => Int)
  groups!: number;

  @Field(() => Int)
  rowsPerGroup!: number;

  @Field(() => Float)
  significance!: number;

  @Field(() => Float)
  driftedShare!: number;

  @Field(() => Persistence, { nullable: true })
  persistence!: Persistence | null;

  @Field(() => QualityFloor, { nullable: true })
  quality!: QualityFloor | null;

  @Field(() => BigIntScalar, { nullable: true })
  maximumAgeSeconds!: number | null;

  @Field(() => BigIntScalar)
  coolDownSeconds!: number;

  @Field(() => Int)
  retrainingsPerDay!: number;

  @Field(() => CostLimit, { nullable: true })
  costLimit!: CostLimit | null;

  @Field(() => RetrainingDataEnum)
  data!: RetrainingData;

  @Field(() => [AlgorithmEnum], { nullable: true, description: 'Null: all of the task.' })
  algorithms!: Algorithm[] | null;

  @Field(() => GraphQLISODateTime, { nullable: true, description: 'Null while the policy is disabled.' })
  nextCheckAt!: Date | null;

  @Field(() => GraphQLISODateTime, { nullable: true })
  lastCheckAt!: Date | null;

  @Field(() => String, { nullable: true, description: 'Why the last check could not be made; null if it was.' })
  failure!: string | null;

  @Field(() => GraphQLISODateTime)
  createdAt!: Date;

  @Field(() => GraphQLISODateTime)
  updatedAt!: Date;
}

@ObjectType()
export class MonitoringPolicyPage extends PageOf(MonitoringPolicyType) {}
