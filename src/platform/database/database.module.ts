import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { databaseOptions } from './data-source.js';

/** The one connection pool of the process. Features register their entities with `TypeOrmModule.forFeature`. */
@Global()
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      inject: [CONFIG],
      useFactory: (config: Config) => ({ ...databaseOptions(config), autoLoadEntities: true, retryAttempts: 5 }),
    }),
  ],
})
export class DatabaseModule {}
