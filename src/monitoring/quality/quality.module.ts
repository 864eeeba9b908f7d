import { Module } from '@nestjs/common';
import { ModelsModule } from '../../models/models.module.js';
import { PredictionsModule } from '../../predictions/predictions.module.js';
import { QualityEstimates } from './quality-estimates.js';
import { QualityReadings } from './quality-readings.js';
import { QualityResolver } from './quality.resolver.js';
import { WindowQualityService } from './window-quality.js';

/** Quality of predictions from their outcomes, and estimates before these arrive. */
@Module({
  imports: [ModelsModule, PredictionsModule],
  providers: [WindowQualityService, QualityEstimates],
  exports: [WindowQualityService],
})
export class QualityModule {}

/** Quality in GraphQL. */
@Module({ imports: [QualityModule, ModelsModule], providers: [QualityReadings, QualityResolver] })
export class QualityApiModule {}
