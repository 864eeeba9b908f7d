import { Field, Float, Int, ObjectType } from '@nestjs/graphql';

@ObjectType({ description: 'A metric on the rows trained on, those that chose the algorithm, and those held out.' })
export class Metric {
  @Field(() => String)
  name!: string;

  @Field(() => Boolean)
  higherIsBetter!: boolean;

  @Field(() => Float, { nullable: true })
  train!: number | null;

  @Field(() => Float, { nullable: true })
  validation!: number | null;

  @Field(() => Float, { nullable: true })
  holdout!: number | null;

  @Field(() => Float, { nullable: true, description: 'Lower bound of the 95 % bootstrap interval of `holdout`.' })
  low!: number | null;

  @Field(() => Float, { nullable: true, description: 'Upper bound of the 95 % bootstrap interval of `holdout`.' })
  high!: number | null;

  @Field(() => Float, { nullable: true, description: 'Of the best constant prediction, on the held-out rows.' })
  baseline!: number | null;

  @Field(() => Float, {
    nullable: true,
    description: 'On the held-out rows, each counted by its weight; null without a column of weights.',
  })
  weightedHoldout!: number | null;

  @Field(() => [Float], {
    nullable: 'itemsAndList',
    description: 'Of a cross-validation on the other rows, fold by fold; null where none was asked for.',
  })
  folds!: (number | null)[] | null;

  @Field(() => Float, { nullable: true, description: 'Mean of `folds`.' })
  foldMean!: number | null;

  @Field(() => Float, { nullable: true, description: 'Standard deviation (n − 1) of `folds`.' })
  foldDeviation!: number | null;
}

@ObjectType()
export class FeatureImportance {
  @Field(() => String)
  feature!: string;

  @Field(() => Float, {
    nullable: true,
    description:
      'Mean rise of the metric when the column is shuffled; null if there was not time enough to measure it.',
  })
  increase!: number | null;

  @Field(() => Float, { nullable: true, description: 'Standard deviation over the repeats.' })
  deviation!: number | null;

  @Field(() => Float, {
    nullable: true,
    description:
      'Of trees that were trained here: its share of what all their splits gained. Null for linear models, and for FOREIGN versions, whose files do not tell.',
  })
  gain!: number | null;
}

@ObjectType('Importance', {
  description:
    'Permutation importance, of any model: by how much the metric rises on the validation rows when a column is shuffled. A version that was trained here has not learned from these rows; of an uploaded file nobody knows. Only trees that were trained here have gains besides.',
})
export class ImportanceType {
  @Field(() => String, { description: 'Lower is better.' })
  metric!: string;

  @Field(() => Float, { description: 'The metric with all columns intact.' })
  intact!: number;

  @Field(() => Int)
  rows!: number;

  @Field(() => Int, { description: 'Shuffles of each column.' })
  repeats!: number;

  @Field(() => [FeatureImportance], { description: 'Most important first.' })
  features!: FeatureImportance[];
}

@ObjectType({ description: 'Something remarkable about the data that a training found, and went on.' })
export class TrainingWarning {
  @Field(() => String, { description: 'Such as TARGET_LEAKAGE, CONSTANT_FEATURE or CATEGORIES_LIMITED.' })
  code!: string;

  @Field(() => String, { nullable: true })
  feature!: string | null;

  @Field(() => String)
  message!: string;
}
