import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { PredictionsModule } from '../predictions/predictions.module.js';
import { TrainingModule } from '../training/training.module.js';
import { Champions } from './checks/champions.js';
import { CheckSchedule } from './checks/check.schedule.js';
import { Examinations } from './checks/examinations.js';
import { ScheduledChecks } from './checks/scheduled-checks.js';
import { DecisionFacts } from './decisions/decision-facts.js';
import { Decisions } from './decisions/decisions.js';
import { RetrainingDecision } from './decisions/retraining-decision.entity.js';
import { Retraining } from './retrainings/retraining.entity.js';
import { Retrainings } from './retrainings/retrainings.js';
import { MonitoringPolicy } from './policies/monitoring-policy.entity.js';
import { ModelPolicyResolver, PoliciesResolver } from './policies/policies.resolver.js';
import { Policies } from './policies/policies.service.js';
import { PolicyContexts } from './policies/policy-contexts.js';
import { QualityApiModule } from './quality/quality.module.js';
import { DriftReport } from './reports/drift-report.entity.js';

const SERVICES = [
  Decisions,
  DecisionFacts,
  Retrainings,
  Policies,
  PolicyContexts,
  Champions,
  Examinations,
  ScheduledChecks,
];

/** Policies, checks, reports, decisions and retrainings. */
@Module({
  imports: [
    TypeOrmModule.forFeature([MonitoringPolicy, DriftReport, RetrainingDecision, Retraining]),
    PredictionsModule,
    TrainingModule,
  ],
  providers: SERVICES,
  exports: [TypeOrmModule, PredictionsModule, TrainingModule, ...SERVICES],
})
export class MonitoringModule {}

/** Policies, reports, decisions and quality in GraphQL, and the page of a report. */
@Module({ imports: [MonitoringModule, QualityApiModule], providers: [PoliciesResolver, ModelPolicyResolver] })
export class MonitoringApiModule {}

/** Jobs of retrainings. */
@Module({ imports: [MonitoringModule] })
export class MonitoringWorkerModule {}

/** Checks by the clock, and the retrainings that they begin. */
@Module({ imports: [MonitoringModule], providers: [CheckSchedule] })
export class MonitoringSchedulerModule {}
