import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DatasetsModule } from '../datasets/datasets.module.js';
import { ModelsModule } from '../models/models.module.js';
import { LocalBackend } from './backend/local-backend.js';
import { TrainingBackend } from './backend/training-backend.js';
import { Experiment } from './experiments/experiment.entity.js';
import { ExperimentFeed } from './experiments/experiment-feed.js';
import { Experiments } from './experiments/experiments.js';
import { ExperimentsResolver } from './experiments/experiments.resolver.js';
import { ExperimentsService } from './experiments/experiments.service.js';
import { ExperimentsSubscriptionsResolver } from './experiments/experiments.subscriptions.resolver.js';
import { SearchWorker } from './experiments/search.worker.js';
import { Trial } from './experiments/trial.entity.js';
import { Trials } from './experiments/trials.js';
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
  imports: [TypeOrmModule.forFeature([TrainingRun, Experiment, Trial]), DatasetsModule, ModelsModule],
  providers: [
    TrainingService,
    TrainingRuns,
    ExperimentsService,
    Experiments,
    Trials,
    { provide: TrainingBackend, useClass: LocalBackend },
  ],
  exports: [
    TrainingService,
    TrainingRuns,
    ExperimentsService,
    Experiments,
    Trials,
    TrainingBackend,
    TypeOrmModule,
    DatasetsModule,
    ModelsModule,
  ],
})
export class TrainingModule {}

/** Trainings and experiments in GraphQL. */
@Module({
  imports: [TrainingModule],
  providers: [
    TrainingResolver,
    VersionRunResolver,
    TrainingSubscriptionsResolver,
    TrainingRunFeed,
    ExperimentsResolver,
    ExperimentsSubscriptionsResolver,
    ExperimentFeed,
  ],
})
export class TrainingApiModule {}

/** Following runs and searches, and asking the gate. */
@Module({ imports: [TrainingModule], providers: [RunWorker, SearchWorker, GateWorker] })
export class TrainingWorkerModule {}

/** What runs by the clock. */
@Module({ imports: [TrainingModule], providers: [ResumeRunsSchedule] })
export class TrainingSchedulerModule {}
