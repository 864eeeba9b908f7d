import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { PredictionsModule } from '../predictions/predictions.module.js';
import { TrainingModule } from '../training/training.module.js';
import { DecisionFacts } from './decisions/decision-facts.js';
import { Decisions } from './decisions/decisions.js';
import { RetrainingDecision } from './decisions/retraining-decision.entity.js';
import { Retraining } from './retrainings/retraining.entity.js';
import { Retrainings } from './retrainings/retrainings.js';
import { MonitoringPolicy } from './policies/monitoring-policy.entity.js';
import { QualityApiModule } from './quality/quality.module.js';
import { DriftReport } from './reports/drift-report.entity.js';

/** Policies, checks, reports, decisions and retrainings. */
@Module({
  imports: [
    TypeOrmModule.forFeature([MonitoringPolicy, DriftReport, RetrainingDecision, Retraining]),
    PredictionsModule,
    TrainingModule,
  ],
  providers: [Decisions, DecisionFacts, Retrainings],
  exports: [TypeOrmModule, Decisions, DecisionFacts, Retrainings],
})
export class MonitoringModule {}

/** Policies, reports, decisions and quality in GraphQL, and the page of a report. */
@Module({ imports: [MonitoringModule, QualityApiModule] })
export class MonitoringApiModule {}

/** Jobs of retrainings. */
@Module({ imports: [MonitoringModule] })
export class MonitoringWorkerModule {}

/** Checks by the clock, and the retrainings that they begin. */
@Module({ imports: [MonitoringModule] })
export class MonitoringSchedulerModule {}
