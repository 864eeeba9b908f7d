import { Args, Resolver, Subscription } from '@nestjs/graphql';
import { RequireRole } from '../auth/access.js';
import type { DriftReport } from './reports/drift-report.entity.js';
import { DriftReportType } from './reports/report.types.js';
import { ReportFeed } from './reports/report-feed.js';
import { toReportType } from './reports/reports.resolver.js';
import { toRetrainingType } from './retrainings/retraining.mapping.js';
import type { Retraining } from './retrainings/retraining.entity.js';
import { RetrainingType } from './retrainings/retraining.types.js';
import { RetrainingFeed } from './retrainings/retraining-feed.js';

@Resolver()
export class MonitoringSubscriptionsResolver {
  constructor(
    private readonly reports: ReportFeed,
    private readonly retrainings: RetrainingFeed,
  ) {}

  @Subscription(() => DriftReportType, {
    description: 'Reports of checks as they come, whatever the verdict, on one model or on all.',
    resolve: toReportType,
  })
  @RequireRole('VIEWER')
  async driftReported(
    @Args('model', { type: () => String, nullable: true }) model?: string | null,
  ): Promise<AsyncIterableIterator<DriftReport>> {
    return this.reports.follow(model ?? undefined);
  }

  @Subscription(() => RetrainingType, {
    description:
      'Retrainings of one model or of all, each as it begins and again with every change until it has ended.',
    resolve: toRetrainingType,
  })
  @RequireRole('VIEWER')
  async retrainingChanged(
    @Args('model', { type: () => String, nullable: true }) model?: string | null,
  ): Promise<AsyncIterableIterator<Retraining>> {
    return this.retrainings.follow(model ?? undefined);
  }
}
