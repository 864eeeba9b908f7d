import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DatasetsModule } from '../datasets/datasets.module.js';
import { ModelsModule } from '../models/models.module.js';
import { LocalBackend } from './backend/local-backend.js';
import { TrainingBackend } from './backend/training-backend.js';
import { GateWorker } from './gate.worker.js';
import { ResumeRunsSchedule } from './resume-runs.schedule.js';
import { RunWorker } from './run.worker.js';
import { TrainingResolver, VersionRunResolver } from './training.resolver.js';
import { TrainingService } from './training.service.js';
import { TrainingSubscriptionsResolver } from './training.subscriptions.resolver.js';
import { TrainingRunFeed } from './training-run-feed.js';
import { TrainingRun } from './training-run.entity.js';
import { TrainingRuns } from './training-runs.js';

@Module({
  imports: [TypeOrmModule.forFeature([TrainingRun]), DatasetsModule, ModelsModule],
  providers: [TrainingService, TrainingRuns, { provide: TrainingBackend, useClass: LocalBackend }],
  exports: [TrainingService, TrainingRuns, TrainingBackend, TypeOrmModule, DatasetsModule, ModelsModule],
})
export class TrainingModule {}

/** Trainings in GraphQL. */
@Module({
  imports: [TrainingModule],
  providers: [TrainingResolver, VersionRunResolver, TrainingSubscriptionsResolver, TrainingRunFeed],
})
export class TrainingApiModule {}

/** Following runs and asking the gate. */
@Module({ imports: [TrainingModule], providers: [RunWorker, GateWorker] })
export class TrainingWorkerModule {}

/** What runs by the clock. */
@Module({ imports: [TrainingModule], providers: [ResumeRunsSchedule] })
export class TrainingSchedulerModule {}
