import { DynamicModule, Module, Type } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import { AuthApiModule, AuthModule } from './auth/auth.module.js';
import type { Config } from './config/config.js';
import { ConfigModule } from './config/config.module.js';
import { HttpErrorFilter } from './errors/http-error.filter.js';
import { DatabaseModule } from './platform/database/database.module.js';
import { ChangeListenerModule, EventsModule } from './platform/events/events.module.js';
import { GraphiqlModule } from './platform/graphql/graphiql.module.js';
import { GraphqlModule } from './platform/graphql/graphql.module.js';
import { HealthModule } from './platform/health/health.module.js';
import { LoggingModule } from './platform/logging/logging.module.js';
import { MetricsModule } from './platform/metrics/metrics.module.js';
import { QueueModule, QueueWorkerModule } from './platform/queue/queue.module.js';
import { DatasetsApiModule, DatasetsSchedulerModule, DatasetsWorkerModule } from './datasets/datasets.module.js';
import { ModelsApiModule, ModelsWorkerModule } from './models/models.module.js';
import { TrainingApiModule, TrainingSchedulerModule, TrainingWorkerModule } from './training/training.module.js';
import {
  MonitoringApiModule,
  MonitoringSchedulerModule,
  MonitoringWorkerModule,
} from './monitoring/monitoring.module.js';
import {
  NotificationsApiModule,
  NotificationsSchedulerModule,
  NotificationsWorkerModule,
} from './monitoring/notifications/notifications.module.js';
import { StorageModule } from './platform/storage/storage.module.js';
import {
  PredictionsApiModule,
  PredictionsSchedulerModule,
  PredictionsServingModule,
  PredictionsWorkerModule,
} from './predictions/predictions.module.js';

type Modules = readonly (Type | DynamicModule)[];

/** GraphQL, GraphiQL and the management paths. */
const API: Modules = [
  GraphqlModule,
  ChangeListenerModule,
  AuthApiModule,
  DatasetsApiModule,
  ModelsApiModule,
  TrainingApiModule,
  PredictionsApiModule,
  MonitoringApiModule,
  NotificationsApiModule,
  GraphiqlModule,
];

/** The REST paths that serving clients call. */
const PREDICTOR: Modules = [PredictionsServingModule];

/** Job handlers. */
const WORKER: Modules = [
  QueueWorkerModule,
  DatasetsWorkerModule,
  ModelsWorkerModule,
  TrainingWorkerModule,
  PredictionsWorkerModule,
  MonitoringWorkerModule,
  NotificationsWorkerModule,
];

/** What runs by the clock. */
const SCHEDULER: Modules = [
  ScheduleModule.forRoot(),
  DatasetsSchedulerModule,
  TrainingSchedulerModule,
  PredictionsSchedulerModule,
  MonitoringSchedulerModule,
  NotificationsSchedulerModule,
];

/** THE table: which modules a role consists of, besides the platform that every role has. */
export const ROLE_MODULES = {
  all: [...API, ...PREDICTOR, ...WORKER, ...SCHEDULER],
  api: API,
  predictor: PREDICTOR,
  worker: WORKER,
  scheduler: SCHEDULER,
} as const satisfies Record<string, Modules>;

export type ProcessRole = keyof typeof ROLE_MODULES;

/** Modules whose resolvers make up the GraphQL schema. */
export const API_MODULES = API;

@Module({})
export class AppModule {
  static forRole(role: ProcessRole, config: Config): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.of(config),
        LoggingModule,
        DatabaseModule,
        QueueModule,
        EventsModule,
        StorageModule,
        HealthModule,
        MetricsModule.forRole(role),
        AuthModule,
        ...ROLE_MODULES[role],
      ],
      providers: [{ provide: APP_FILTER, useClass: HttpErrorFilter }],
    };
  }
}
