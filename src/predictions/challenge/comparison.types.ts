import { ArgsType, Field, Float, GraphQLISODateTime, Int, ObjectType } from '@nestjs/graphql';
import { ChallengeType } from '../../models/challenges.types.js';
import { BigIntScalar } from '../../platform/graphql/scalars.js';

@ArgsType()
export class ComparisonArgs {
  @Field(() => String, { description: 'Name of the model.' })
  model!: string;

  @Field(() => GraphQLISODateTime, { description: 'Of predictions made since this time.' })
  from!: Date;

  @Field(() => GraphQLISODateTime, { description: 'And before this time.' })
  to!: Date;
}

@ObjectType({ description: 'A metric of one side, with its 95 % confidence band.' })
export class ComparedSideMetric {
  @Field(() => String)
  name!: string;

  @Field(() => Boolean)
  higherIsBetter!: boolean;

  @Field(() => Float, { nullable: true, description: 'Null without outcomes, or where it is undefined on them.' })
  value!: number | null;

  @Field(() => Float, { nullable: true })
  low!: number | null;

  @Field(() => Float, { nullable: true })
  high!: number | null;
}

@ObjectType('ComparedSide')
export class ComparedSideType {
  @Field(() => Int)
  version!: number;

  @Field(() => BigIntScalar, { description: 'CANARY: what it answered. SHADOW: what both scored.' })
  predictions!: number;

  @Field(() => BigIntScalar)
  withOutcome!: number;

  @Field(() => Int, { description: 'Rows with an outcome that were drawn for the metrics.' })
  rows!: number;

  @Field(() => [ComparedSideMetric])
  metrics!: ComparedSideMetric[];
}

@ObjectType({
  description: 'The gain of the challenger over the champion on the same rows: positive where it is better.',
})
export class MetricDifference {
  @Field(() => String)
  metric!: string;

  @Field(() => Boolean, { description: 'Whether the gate decides by this metric.' })
  isPrimary!: boolean;

  @Field(() => Float)
  difference!: number;

  @Field(() => Float, { description: 'Bounds of the 95 % interval of a paired bootstrap.' })
  low!: number;

  @Field(() => Float)
  high!: number;
}

@ObjectType('ChallengeComparison', { description: 'Champion and challenger on what they were asked meanwhile.' })
export class ChallengeComparisonType {
  @Field(() => ChallengeType)
  challenge!: ChallengeType;

  @Field(() => GraphQLISODateTime, { description: 'The window asked for, as far as the challenge was on.' })
  from!: Date;

  @Field(() => GraphQLISODateTime)
  to!: Date;

  @Field(() => ComparedSideType)
  champion!: ComparedSideType;

  @Field(() => ComparedSideType)
  challenger!: ComparedSideType;

  @Field(() => [MetricDifference], { description: 'SHADOW only, once there are outcomes.' })
  differences!: MetricDifference[];

  @Field(() => Float, { nullable: true, description: 'SHADOW only: share of the rows with the same answer of both.' })
  agreement!: number | null;
}
