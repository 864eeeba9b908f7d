import { Args, Query, Resolver } from '@nestjs/graphql';
import { RequireRole } from '../../auth/access.js';
import { METRICS_OF_TASK, type MetricName } from '../../ml/metrics/evaluate.js';
import type { Task } from '../../ml/schema/signature.js';
import { toChallengeType } from '../../models/models.mapping.js';
import { type ChallengeComparison, type ComparedSide, ComparisonService } from './comparison.service.js';
import { ChallengeComparisonType, type ComparedSideType, ComparisonArgs } from './comparison.types.js';

@Resolver()
export class ComparisonResolver {
  constructor(private readonly comparisons: ComparisonService) {}

  @Query(() => ChallengeComparisonType, {
    description:
      'The newest challenge in a window: how good both versions were. At most 10,000 rows of each are drawn, always the same ones.',
  })
  @RequireRole('VIEWER')
  async challengeComparison(@Args() { model, from, to }: ComparisonArgs): Promise<ChallengeComparisonType> {
    return toComparisonType(await this.comparisons.compare(model, from, to));
  }
}

function toComparisonType(comparison: ChallengeComparison): ChallengeComparisonType {
  const { model, challenge, from, to, champion, challenger, differences, agreement } = comparison;
  return {
    challenge: toChallengeType({ challenge, challenger: challenger.version }),
    from,
    to,
    champion: toSideType(model.task, champion),
    challenger: toSideType(model.task, challenger),
    differences: differences.map((one) => ({ ...one, isPrimary: one.metric === model.gate.primaryMetric })),
    agreement,
  };
}

function toSideType(task: Task, { version, predictions, withOutcome, rows, metrics }: ComparedSide): ComparedSideType {
  return {
    version: version.number,
    predictions,
    withOutcome,
    rows,
    metrics: Object.entries(METRICS_OF_TASK[task]).map(([name, direction]) => ({
      name,
      higherIsBetter: direction === 'HIGHER_IS_BETTER',
      ...(metrics[name as MetricName] ?? { value: null, low: null, high: null }),
    })),
  };
}
