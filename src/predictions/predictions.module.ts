import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DatasetsModule } from '../datasets/datasets.module.js';
import { ModelsModule } from '../models/models.module.js';
import { ChangeListenerModule } from '../platform/events/events.module.js';
import { HealthModule } from '../platform/health/health.module.js';
import { BatchController } from './batch/batch.controller.js';
import { BatchFeed } from './batch/batch-feed.js';
import { BatchResolver } from './batch/batch.resolver.js';
import { BatchSchedule } from './batch/batch.schedule.js';
import { BatchService } from './batch/batch.service.js';
import { BatchSubscriptionsResolver } from './batch/batch.subscriptions.resolver.js';
import { BatchWorker } from './batch/batch.worker.js';
import { BatchPrediction } from './batch/batch-prediction.entity.js';
import { BatchPredictions } from './batch/batch-predictions.js';
import { DeleteBatchFileWorker } from './batch/delete-batch-file.worker.js';
import { Canary } from './challenge/canary.js';
import { Challengers } from './challenge/challengers.js';
import { ComparisonResolver } from './challenge/comparison.resolver.js';
import { ComparisonService } from './challenge/comparison.service.js';
import { ShadowLog } from './challenge/shadow-log.js';
import { ShadowPairs } from './challenge/shadow-pairs.js';
import { ShadowQueue } from './challenge/shadow-queue.js';
import { CompactionSchedule } from './counts/compaction.schedule.js';
import { CountsModule } from './counts/counts.module.js';
import { EvaluatorsModule } from './evaluators.module.js';
import { Explanations } from './explanations.js';
import { IdempotentRequests } from './idempotency/idempotent-requests.js';
import { BodyMetrics } from './body-metrics.js';
import { LogModes } from './log-modes.js';
import { InvocationsController } from './mlflow/invocations.controller.js';
import { Invocations } from './mlflow/invocations.service.js';
import { ModelRouter } from './model-router.js';
import { OpenInferenceController } from './open-inference/open-inference.controller.js';
import { OpenInference } from './open-inference/open-inference.service.js';
import { RequestForm } from './open-inference/request-form.js';
import { Erasure } from './outcomes/erasure.service.js';
import { LabelledPredictions } from './outcomes/labelled-predictions.js';
import { Outcome, OutcomeChange } from './outcomes/outcome.entity.js';
import { OutcomeBody } from './outcomes/outcome-body.js';
import { OutcomesController } from './outcomes/outcomes.controller.js';
import { LoggedOutcomeResolver, OutcomesResolver } from './outcomes/outcomes.resolver.js';
import { Outcomes } from './outcomes/outcomes.service.js';
import { PartitionSchedule } from './partition.schedule.js';
import { PredictRoutes } from './predict.routes.js';
import { PredictionHistory } from './prediction-history.service.js';
import { PredictionFlow } from './prediction-flow.js';
import { PredictionLog } from './prediction-log.js';
import { predictionMetrics } from './prediction.metrics.js';
import { PredictionPartitions } from './prediction-partitions.js';
import { Prediction } from './prediction.entity.js';
import { LoggedPredictionResolver, PredictionsResolver } from './predictions.resolver.js';
import { PredictionsService } from './predictions.service.js';
import { ServingLimits } from './serving-limits.js';
import { LargePredictions } from './threads/large-predictions.js';
import { ScoringThreads } from './threads/scoring-threads.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([Prediction, Outcome, OutcomeChange, BatchPrediction]),
    DatasetsModule,
    ModelsModule,
    CountsModule,
  ],
  providers: [
    PredictionHistory,
    IdempotentRequests,
    PredictionPartitions,
    ShadowPairs,
    ComparisonService,
    Outcomes,
    Erasure,
    LabelledPredictions,
    BatchPredictions,
    BatchService,
  ],
  exports: [
    PredictionHistory,
    PredictionPartitions,
    Outcomes,
    Erasure,
    ComparisonService,
    IdempotentRequests,
    LabelledPredictions,
    BatchPredictions,
    BatchService,
    CountsModule,
  ],
})
export class PredictionsModule {}

/** What answers requests for predictions, for the roles that do. */
@Module({
  imports: [PredictionsModule, ModelsModule, EvaluatorsModule, ChangeListenerModule],
  providers: [
    PredictionFlow,
    PredictionsService,
    Explanations,
    PredictionLog,
    LogModes,
    ServingLimits,
    ModelRouter,
    Challengers,
    Canary,
    ShadowLog,
    ShadowQueue,
    ...predictionMetrics,
  ],
  exports: [PredictionFlow, PredictionsService, LogModes, ModelRouter, ServingLimits, ...predictionMetrics],
})
export class AnsweringModule {}

/** `predict`, outcomes, the log and batches in GraphQL; files of batches. */
@Module({
  imports: [PredictionsModule, AnsweringModule, ModelsModule, ChangeListenerModule],
  controllers: [BatchController],
  providers: [
    BatchResolver,
    BatchSubscriptionsResolver,
    BatchFeed,
    PredictionsResolver,
    ComparisonResolver,
    LoggedPredictionResolver,
    OutcomesResolver,
    LoggedOutcomeResolver,
  ],
})
export class PredictionsApiModule {}

/** The REST paths of serving clients. */
@Module({
  imports: [PredictionsModule, AnsweringModule, ModelsModule, EvaluatorsModule, HealthModule],
  providers: [
    PredictRoutes,
    LargePredictions,
    ScoringThreads,
    OutcomeBody,
    OpenInference,
    RequestForm,
    Invocations,
    BodyMetrics,
  ],
  controllers: [OutcomesController, OpenInferenceController, InvocationsController],
})
export class PredictionsServingModule {}

/** The scoring of batches, and the removal of their files. */
@Module({
  imports: [PredictionsModule, DatasetsModule, ModelsModule],
  providers: [BatchWorker, DeleteBatchFileWorker],
})
export class PredictionsWorkerModule {}

/** Partitions made ahead and dropped by age; counts merged; batches that were left behind. */
@Module({ imports: [PredictionsModule], providers: [PartitionSchedule, CompactionSchedule, BatchSchedule] })
export class PredictionsSchedulerModule {}
