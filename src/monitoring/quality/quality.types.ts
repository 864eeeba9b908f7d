import { Field, Float, ObjectType, registerEnumType } from '@nestjs/graphql';
import { BigIntScalar } from '../../platform/graphql/scalars.js';
import type { QualityEstimate, QualityMetric, WindowQuality } from '../reports/report-document.js';

const EstimateMethodEnum = { CBPE: 'CBPE', ERROR_MODEL: 'ERROR_MODEL' } as const;
registerEnumType(EstimateMethodEnum, {
  name: 'EstimateMethod',
  valuesMap: {
    CBPE: { description: 'Confidence-based performance estimation: what follows if the probabilities are right.' },
    ERROR_MODEL: { description: 'What errors predictions of the same size had on the holdout.' },
  },
});

@ObjectType('QualityMetric', { description: 'A metric of predictions whose outcomes are known.' })
export class QualityMetricType implements QualityMetric {
  @Field(() => String)
  name!: string;

  @Field(() => Boolean)
  higherIsBetter!: boolean;

  @Field(() => Float, { nullable: true, description: 'null where these rows do not define it.' })
  value!: number | null;

  @Field(() => Float, { nullable: true, description: 'Lower bound of the confidence band.' })
  low!: number | null;

  @Field(() => Float, { nullable: true, description: 'Upper bound of the confidence band.' })
  high!: number | null;

  @Field(() => Float, { nullable: true, description: 'What the version reached on the rows held out in training.' })
  holdout!: number | null;
}

@ObjectType()
export class ExpectedMetric {
  @Field(() => String)
  name!: string;

  @Field(() => Float)
  value!: number;
}

@ObjectType('QualityEstimate', { description: 'What quality can be expected to be without outcomes.' })
export class QualityEstimateType implements QualityEstimate {
  @Field(() => EstimateMethodEnum)
  method!: QualityEstimate['method'];

  @Field(() => [ExpectedMetric], { description: 'Empty if the estimate was refused.' })
  metrics!: readonly ExpectedMetric[];

  @Field(() => [String], { description: 'What has to be true for it to be right.' })
  assumptions!: readonly string[];

  @Field(() => String, { nullable: true, description: 'Why there is no estimate.' })
  refused!: string | null;
}

@ObjectType('WindowQuality', {
  description: "How good a version's predictions of a window were, as far as their outcomes are known.",
})
export class WindowQualityType implements WindowQuality {
  @Field(() => BigIntScalar)
  predictions!: number;

  @Field(() => BigIntScalar, { description: 'Predictions whose outcome is known.' })
  labelled!: number;

  @Field(() => BigIntScalar, { description: 'Of those, how many the metrics come from: all, or a sample.' })
  rows!: number;

  @Field(() => Float, { description: 'Share of samples whose band contains the true value.' })
  confidence!: number;

  @Field(() => [QualityMetricType])
  metrics!: readonly QualityMetricType[];

  @Field(() => QualityEstimateType, { nullable: true, description: 'null for a window without predictions.' })
  estimate!: QualityEstimateType | null;

  @Field(() => [String], { description: 'What to know when reading it.' })
  notes!: readonly string[];
}
