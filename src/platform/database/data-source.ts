import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { PoolClient } from 'pg';
import type { PostgresDataSourceOptions } from 'typeorm/driver/postgres/PostgresDataSourceOptions.js';
import type { Config } from '../../config/config.js';

const MIGRATIONS = fileURLToPath(new URL('../../migrations/*.js', import.meta.url));

/** So much later than the server should have given a statement up, a silent connection is taken for dead. */
const SILENCE_MARGIN_MS = 5_000;

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
      // Migrations have no limit.
      statement_timeout: config.DATABASE_TIMEOUT_SECONDS * 1_000,
      stream: () => mortalSocket(config.DATABASE_TIMEOUT_SECONDS * 1_000 + SILENCE_MARGIN_MS),
      idle_in_transaction_session_timeout: 120_000,
      keepAlive: true,
      options: '-c timezone=UTC',
      onConnect: surviveLoss,
    },
  };
}

/** Where a network drops packets, nobody tells: without a limit its connections would never leave the pool. */
function mortalSocket(silenceMs: number): Socket {
  const socket = new Socket();
  socket.setTimeout(silenceMs, () => socket.destroy());
  return socket;
}

/**
 * The pool hands a new connection over a moment before anybody listens to its errors. One that the server ends in that
 * moment would end the process; as it is, its next query says that it is lost.
 */
function surviveLoss(client: PoolClient): void {
  client.on('error', () => undefined);
}

/** Options of the connection that applies migrations: no statement timeout, and the files of `migrations/`. */
export function migrationOptions(config: Config): PostgresDataSourceOptions {
  return {
    ...databaseOptions(config),
    // A session lock keeps two migrations apart; a pooler in between could hand the session to somebody else.
    url: config.DATABASE_DIRECT_URL ?? config.DATABASE_URL,
    extra: { options: '-c timezone=UTC', onConnect: surviveLoss },
    poolSize: 2,
    migrations: [MIGRATIONS],
    migrationsTableName: 'schema_migration',
  };
}
