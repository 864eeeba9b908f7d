import { fileURLToPath } from 'node:url';
import type { PostgresDataSourceOptions } from 'typeorm/driver/postgres/PostgresDataSourceOptions.js';
import type { Config } from '../../config/config.js';

const MIGRATIONS = fileURLToPath(new URL('../../migrations/*.js', import.meta.url));

/** Time after which a statement of a request or job is given up, in milliseconds. Migrations have no limit. */
const STATEMENT_TIMEOUT_MS = 60_000;

/** Options of every connection to our own database. */
export function databaseOptions(config: Config): PostgresDataSourceOptions {
  return {
    type: 'postgres',
    url: config.DATABASE_URL,
    applicationName: 'boucle',
    poolSize: config.DATABASE_POOL_SIZE,
    connectTimeoutMS: 5_000,
    migrationsTransactionMode: 'each',
    extra: {
      statement_timeout: STATEMENT_TIMEOUT_MS,
      idle_in_transaction_session_timeout: 120_000,
      keepAlive: true,
      options: '-c timezone=UTC',
    },
  };
}

/** Options of the connection that applies migrations: no statement timeout, and the files of `migrations/`. */
export function migrationOptions(config: Config): PostgresDataSourceOptions {
  return {
    ...databaseOptions(config),
    // A session lock keeps two migrations apart; a pooler in between could hand the session to somebody else.
    url: config.DATABASE_DIRECT_URL ?? config.DATABASE_URL,
    extra: { options: '-c timezone=UTC' },
    poolSize: 2,
    migrations: [MIGRATIONS],
    migrationsTableName: 'schema_migration',
  };
}
