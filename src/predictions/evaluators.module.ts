import { Module } from '@nestjs/common';
import { ModelsModule } from '../models/models.module.js';
import { CountsModule } from './counts/counts.module.js';
import { EvaluatorCache } from './evaluator-cache.js';
import { evaluatorMetrics } from './prediction.metrics.js';

/** Loaded models. A module of its own because shutdown hooks run from users to used: whoever evaluates ends first. */
@Module({
  imports: [ModelsModule, CountsModule],
  providers: [EvaluatorCache, ...evaluatorMetrics],
  exports: [EvaluatorCache],
})
export class EvaluatorsModule {}
