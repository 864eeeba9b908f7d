import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ModelChanges } from '../models/model-changes.js';
import { PredictionsModule } from '../predictions/predictions.module.js';
import { TrainingModule } from '../training/training.module.js';
import { Champions } from './checks/champions.js';
import { CheckSchedule } from './checks/check.schedule.js';
import { Examinations } from './checks/examinations.js';
import { ReferenceSamples } from './checks/reference-samples.js';
import { ScheduledChecks } from './checks/scheduled-checks.js';
import { DecisionFacts } from './decisions/decision-facts.js';
import { Decisions } from './decisions/decisions.js';
import { RetrainingCosts } from './decisions/retraining-costs.js';
import { DecisionHistory } from './decisions/decision-history.js';
import { DecisionsResolver } from './decisions/decisions.resolver.js';
import { RetrainingDecision } from './decisions/retraining-decision.entity.js';
import { GatherLabelledWorker } from './retrainings/gather-labelled.worker.js';
import { Gathering } from './retrainings/gathering.js';
import { LabelledGatherings } from './retrainings/labelled-gatherings.js';
import { Retraining } from './retrainings/retraining.entity.js';
import { RetrainingCancellation } from './retrainings/retraining-cancellation.js';
import { RetrainingFeed } from './retrainings/retraining-feed.js';
import { RetrainingHistory } from './retrainings/retraining-history.js';
import { RetrainingMachine } from './retrainings/retraining-machine.js';
import { RetrainingStart } from './retrainings/retraining-start.js';
import { Retrainings } from './retrainings/retrainings.js';
import { RetrainingsResolver } from './retrainings/retrainings.resolver.js';
import { RetrainingsSchedule } from './retrainings/retrainings.schedule.js';
import { FigureReader } from './metrics/figure-reader.js';
import { MonitoringMetrics } from './metrics/monitoring-metrics.js';
import { MonitoringSubscriptionsResolver } from './monitoring.subscriptions.resolver.js';
import { MonitoringPolicy } from './policies/monitoring-policy.entity.js';
import { ModelPolicyResolver, PoliciesResolver } from './policies/policies.resolver.js';
import { Policies } from './policies/policies.service.js';
import { PolicyContexts } from './policies/policy-contexts.js';
import { QualityApiModule, QualityModule } from './quality/quality.module.js';
import { DriftReport } from './reports/drift-report.entity.js';
import { ReportFeed } from './reports/report-feed.js';
import { PageLinks } from '../platform/http/page-links.js';
import { ReportRetentionSchedule } from './reports/report-retention.schedule.js';
import { ReportsController } from './reports/reports.controller.js';
import { ReportColumnsResolver, ReportsResolver } from './reports/reports.resolver.js';
import { ReplayResolver } from './replay/replay.resolver.js';
import { Replays } from './replay/replay.service.js';
import { Reports } from './reports/reports.service.js';

const SERVICES = [
  Decisions,
  DecisionFacts,
  RetrainingCosts,
  Retrainings,
  Policies,
  PolicyContexts,
  Champions,
  Examinations,
  ScheduledChecks,
  ReferenceSamples,
  Reports,
  PageLinks,
];

/** Policies, checks, reports, decisions and retrainings. */
@Module({
  imports: [
    TypeOrmModule.forFeature([MonitoringPolicy, DriftReport, RetrainingDecision, Retraining]),
    PredictionsModule,
    TrainingModule,
    QualityModule,
  ],
  providers: SERVICES,
  exports: [TypeOrmModule, PredictionsModule, TrainingModule, ...SERVICES],
})
export class MonitoringModule {}

/** Policies, reports, decisions and quality in GraphQL, and the page of a report. */
@Module({
  imports: [MonitoringModule, QualityApiModule],
  providers: [
    PoliciesResolver,
    ModelPolicyResolver,
    DecisionsResolver,
    RetrainingsResolver,
    DecisionHistory,
    RetrainingHistory,
    RetrainingCancellation,
    ReportsResolver,
    ReportColumnsResolver,
    ReplayResolver,
    Replays,
    MonitoringSubscriptionsResolver,
    ModelChanges,
    ReportFeed,
    RetrainingFeed,
  ],
  controllers: [ReportsController],
})
export class MonitoringApiModule {}

/** Metrics that are read from the database. */
@Module({ providers: [FigureReader, MonitoringMetrics] })
export class MonitoringMetricsModule {}

/** Jobs of retrainings. */
@Module({ imports: [MonitoringModule, MonitoringMetricsModule], providers: [GatherLabelledWorker, LabelledGatherings] })
export class MonitoringWorkerModule {}

/** Checks by the clock, and the retrainings that they begin. */
@Module({
  imports: [MonitoringModule, MonitoringMetricsModule],
  providers: [
    CheckSchedule,
    ReportRetentionSchedule,
    RetrainingsSchedule,
    RetrainingMachine,
    Gathering,
    RetrainingStart,
  ],
})
export class MonitoringSchedulerModule {}
