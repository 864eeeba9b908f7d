import { ArgsType, Field, Float, GraphQLISODateTime, ID, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import type { FeatureType } from '../../ml/schema/signature.js';
import type { MethodName } from '../../ml/statistics/drift/methods.js';
import type { CheckVerdict, Verdict } from '../../ml/statistics/drift/verdict.js';
import { enumOf } from '../../platform/graphql/enum-of.js';
import { PageOf } from '../../platform/graphql/pagination.js';
import { BigIntScalar } from '../../platform/graphql/scalars.js';
import { DriftMethodEnum } from '../policies/policy.types.js';
import type { ReportBar, ReportColumn, ReportDistribution } from './report-document.js';

export const VerdictEnum = enumOf<Verdict>(['DRIFT', 'NO_DRIFT', 'TOO_FEW_ROWS']);
const ColumnRoleEnum = enumOf<ReportColumn['role']>(['FEATURE', 'OUTPUT', 'PROBABILITY']);
const ColumnTypeEnum = enumOf<FeatureType>(['NUMBER', 'BOOLEAN', 'STRING']);
const WayEnum = enumOf<CheckVerdict['way']>(['COUNTS', 'SAMPLE']);
const DistributionKindEnum = enumOf<ReportDistribution['kind']>(['NUMERIC', 'CATEGORICAL']);

registerEnumType(VerdictEnum, {
  name: 'DriftVerdict',
  valuesMap: { TOO_FEW_ROWS: { description: 'Nothing can be said.' } },
});
registerEnumType(ColumnRoleEnum, {
  name: 'ColumnRole',
  valuesMap: {
    OUTPUT: { description: 'Predicted classes or numbers.' },
    PROBABILITY: { description: 'Of the predicted class.' },
  },
});
registerEnumType(ColumnTypeEnum, { name: 'FeatureType' });
registerEnumType(WayEnum, {
  name: 'ScoreWay',
  description: 'What a score comes from.',
  valuesMap: {
    COUNTS: { description: 'Counts of all rows.' },
    SAMPLE: { description: 'A sample of raw values.' },
  },
});
registerEnumType(DistributionKindEnum, { name: 'DistributionKind' });

@ObjectType({ description: 'One method on one column. What is null had too few rows, or is none of the method.' })
export class DriftCheck implements CheckVerdict {
  @Field(() => DriftMethodEnum)
  method!: MethodName;

  @Field(() => WayEnum)
  way!: CheckVerdict['way'];

  @Field(() => VerdictEnum)
  verdict!: Verdict;

  @Field(() => Float)
  threshold!: number;

  @Field(() => Float, { nullable: true })
  score!: number | null;

  @Field(() => Float, { nullable: true, description: 'Size of the change, whatever the number of rows.' })
  effectSize!: number | null;

  @Field(() => Float, { nullable: true })
  pValue!: number | null;

  @Field(() => Float, {
    nullable: true,
    description: "By Benjamini and Hochberg over all p-values of the model's check.",
  })
  adjustedPValue!: number | null;

  @Field(() => BigIntScalar)
  referenceRows!: number;

  @Field(() => BigIntScalar)
  currentRows!: number;

  @Field(() => BigIntScalar, { description: 'What each side needs.' })
  minimumRows!: number;
}

@ObjectType({ description: 'Rows of both sides between two edges, or with a category.' })
export class DistributionBar implements ReportBar {
  @Field(() => String)
  label!: string;

  @Field(() => Float, { nullable: true, description: 'Null where the interval is open, and for categories.' })
  lower!: number | null;

  @Field(() => Float, { nullable: true })
  upper!: number | null;

  @Field(() => BigIntScalar)
  reference!: number;

  @Field(() => BigIntScalar)
  current!: number;
}

@ObjectType()
export class BothSides {
  @Field(() => BigIntScalar)
  reference!: number;

  @Field(() => BigIntScalar)
  current!: number;
}

@ObjectType()
export class Distribution implements ReportDistribution {
  @Field(() => DistributionKindEnum)
  kind!: ReportDistribution['kind'];

  @Field(() => [DistributionBar])
  bars!: readonly DistributionBar[];

  @Field(() => BothSides, { description: 'Rows without a value.' })
  missing!: BothSides;
}

@ObjectType('DriftColumn')
export class ReportColumnType implements ReportColumn {
  @Field(() => String)
  name!: string;

  @Field(() => ColumnRoleEnum)
  role!: ReportColumn['role'];

  @Field(() => ColumnTypeEnum)
  type!: FeatureType;

  @Field(() => VerdictEnum)
  verdict!: Verdict;

  @Field(() => [DriftCheck])
  checks!: readonly DriftCheck[];

  @Field(() => Distribution, { nullable: true, description: 'Null for an empty window.' })
  distribution!: Distribution | null;
}

@ArgsType()
export class ColumnArgs {
  @Field(() => VerdictEnum, { nullable: true, description: 'Only columns with this verdict.' })
  verdict?: Verdict | null;

  @Field(() => [String], { nullable: true, description: 'Only columns of these names.' })
  names?: string[] | null;

  @Field(() => Int, { defaultValue: 50, description: 'How many, at most 1,000.' })
  first!: number;
}

@ObjectType('DriftReport', { description: 'What a scheduled check found in its window.' })
export class DriftReportType {
  @Field(() => ID)
  id!: string;

  /** For fields that are resolved from the model. */
  modelId!: string;
  versionId!: string;

  @Field(() => GraphQLISODateTime, { description: 'When the check was due.' })
  tick!: Date;

  @Field(() => GraphQLISODateTime, { description: 'The window holds predictions from here on.' })
  from!: Date;

  @Field(() => GraphQLISODateTime, { description: 'To before here.' })
  to!: Date;

  @Field(() => VerdictEnum)
  verdict!: Verdict;

  @Field(() => BigIntScalar, { description: 'Predictions in the window.' })
  rows!: number;

  @Field(() => GraphQLISODateTime)
  createdAt!: Date;
}

@ObjectType()
export class DriftReportPage extends PageOf(DriftReportType) {}
