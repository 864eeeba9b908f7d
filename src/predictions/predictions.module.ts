import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ModelsModule } from '../models/models.module.js';
import { CompactionSchedule } from './counts/compaction.schedule.js';
import { CountsModule } from './counts/counts.module.js';
import { EvaluatorCache } from './evaluator-cache.js';
import { ModelRouter } from './model-router.js';
import { PartitionSchedule } from './partition.schedule.js';
import { PredictController } from './predict.controller.js';
import { PredictionHistory } from './prediction-history.service.js';
import { PredictionLog } from './prediction-log.js';
import { predictionMetrics } from './prediction.metrics.js';
import { PredictionPartitions } from './prediction-partitions.js';
import { Prediction } from './prediction.entity.js';
import { LoggedPredictionResolver, PredictionsResolver } from './predictions.resolver.js';
import { PredictionsService } from './predictions.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([Prediction]), ModelsModule, CountsModule],
  providers: [
    PredictionsService,
    PredictionHistory,
    PredictionLog,
    PredictionPartitions,
    ModelRouter,
    EvaluatorCache,
    ...predictionMetrics,
  ],
  exports: [PredictionsService, PredictionHistory, PredictionPartitions, CountsModule],
})
export class PredictionsModule {}

/** `predict` and the log in GraphQL. */
@Module({ imports: [PredictionsModule], providers: [PredictionsResolver, LoggedPredictionResolver] })
export class PredictionsApiModule {}

/** The REST paths of serving clients. */
@Module({ imports: [PredictionsModule], controllers: [PredictController] })
export class PredictionsServingModule {}

/** Partitions made ahead and dropped by age; counts merged. */
@Module({ imports: [PredictionsModule], providers: [PartitionSchedule, CompactionSchedule] })
export class PredictionsSchedulerModule {}
