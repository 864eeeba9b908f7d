import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DatasetsModule } from '../datasets/datasets.module.js';
import { ModelsModule } from '../models/models.module.js';
import { LocalBackend } from './backend/local-backend.js';
import { SageMakerBackend } from './backend/sagemaker/sagemaker-backend.js';
import { TrainingBackends } from './backend/training-backends.js';
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
import { JobFollower } from './job-follower.js';
import { ResumeRunsSchedule } from './resume-runs.schedule.js';
import { RunWorker } from './run.worker.js';
import { ModelProofs } from './registration/model-proofs.js';
import { ModelUploads } from './registration/model-uploads.js';
import { RegistrationController } from './registration/registration.controller.js';
import { RegistrationResolver, VersionOriginResolver } from './registration/registration.resolver.js';
import { RegistrationSchedule } from './registration/registration.schedule.js';
import { RegistrationService } from './registration/registration.service.js';
import { RegistrationWorker } from './registration/registration.worker.js';
import { Registrations } from './registration/registrations.js';
import { VersionRegistration } from './registration/version-registration.entity.js';
import { ScriptChannels } from './script/script-channels.js';
import { ScriptModels } from './script/script-models.js';
import { TrainingResolver, VersionRunResolver } from './training.resolver.js';
import { TrainingService } from './training.service.js';
import { TrainingSubscriptionsResolver } from './training.subscriptions.resolver.js';
import { TrainingRunFeed } from './training-run-feed.js';
import { TrainingRun } from './training-run.entity.js';
import { TrainingRuns } from './training-runs.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([TrainingRun, Experiment, Trial, VersionRegistration]),
    DatasetsModule,
    ModelsModule,
  ],
  providers: [
    TrainingService,
    TrainingRuns,
    ExperimentsService,
    Experiments,
    Trials,
    RegistrationService,
    Registrations,
    ModelUploads,
    ScriptChannels,
    LocalBackend,
    SageMakerBackend,
    TrainingBackends,
  ],
  exports: [
    TrainingService,
    TrainingRuns,
    ExperimentsService,
    Experiments,
    Trials,
    RegistrationService,
    Registrations,
    ModelUploads,
    ScriptChannels,
    TrainingBackends,
    TypeOrmModule,
    DatasetsModule,
    ModelsModule,
  ],
})
export class TrainingModule {}

/** Trainings, experiments and registrations in GraphQL; model files over REST. */
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
    RegistrationResolver,
    VersionOriginResolver,
  ],
  controllers: [RegistrationController],
})
export class TrainingApiModule {}

/** Following runs and searches, checking model files, and asking the gate. */
@Module({
  imports: [TrainingModule],
  providers: [JobFollower, RunWorker, SearchWorker, GateWorker, RegistrationWorker, ModelProofs, ScriptModels],
})
export class TrainingWorkerModule {}

/** What runs by the clock. */
@Module({ imports: [TrainingModule], providers: [ResumeRunsSchedule, RegistrationSchedule] })
export class TrainingSchedulerModule {}
