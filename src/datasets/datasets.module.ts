import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CollectObjectsSchedule } from './collect-objects.schedule.js';
import { CollectObjectsWorker } from './collect-objects.worker.js';
import { ConnectionSeal } from './connection-seal.js';
import { DataSourceRow } from './data-source.entity.js';
import { Dataset } from './dataset.entity.js';
import { DatasetObjects } from './dataset-objects.js';
import { DatasetSchedule } from './dataset-schedule.entity.js';
import { DatasetVersion } from './dataset-version.entity.js';
import { DatasetVersionsResolver } from './dataset-versions.resolver.js';
import { DatasetsController } from './datasets.controller.js';
import { DatasetsResolver } from './datasets.resolver.js';
import { DatasetsService } from './datasets.service.js';
import { ExtractionRequests } from './extraction-requests.js';
import { ExtractionSchedule } from './extraction.schedule.js';
import { ExtractionSchedules } from './extraction-schedules.js';
import { ExtractionSchedulesResolver } from './extraction-schedules.resolver.js';
import { ExtractionWorker } from './extraction.worker.js';
import { Extractions } from './extractions.js';

@Module({
  imports: [TypeOrmModule.forFeature([Dataset, DataSourceRow, DatasetSchedule, DatasetVersion])],
  providers: [DatasetsService, Extractions, ExtractionRequests, ExtractionSchedules, DatasetObjects, ConnectionSeal],
  exports: [DatasetsService, Extractions, ExtractionRequests, ExtractionSchedules, DatasetObjects],
})
export class DatasetsModule {}

/** Datasets in GraphQL; upload and download over REST. */
@Module({
  imports: [DatasetsModule],
  providers: [DatasetsResolver, DatasetVersionsResolver, ExtractionSchedulesResolver],
  controllers: [DatasetsController],
})
export class DatasetsApiModule {}

/** Extractions, and the collection of what is no longer used. */
@Module({ imports: [DatasetsModule], providers: [ExtractionWorker, CollectObjectsWorker] })
export class DatasetsWorkerModule {}

/** What runs by the clock. */
@Module({ imports: [DatasetsModule], providers: [CollectObjectsSchedule, ExtractionSchedule] })
export class DatasetsSchedulerModule {}
