import { DataSource } from 'typeorm';
import { PgBoss } from 'pg-boss';
import type { Config } from '../../config/config.js';
import { AppError } from '../../errors/app-error.js';
import { QUEUE_SCHEMA } from '../queue/queue-schema.js';
import { migrationOptions } from './data-source.js';

/** Any fixed number: the advisory lock that lets only one process migrate at a time. */
const MIGRATION_LOCK = 7_210_933;
/** The oldest PostgreSQL that we run on, as it numbers itself. */
export const LOWEST_VERSION = 150_000;

/**
 * Brings the schema, and that of the job queue, up to date. Safe to run from several processes at once.
 * @returns the names of the migrations applied, in order.
 * @throws AppError INVALID_STATE for a PostgreSQL older than 15.
 */
export async function migrate(config: Config): Promise<string[]> {
  const source = await new DataSource(migrationOptions(config)).initialize();
  try {
    await refuseOldServer(source);
    const lock = source.createQueryRunner();
    await lock.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    try {
      const applied = await source.runMigrations();
      await migrateQueue(config);
      return applied.map(({ name }) => name);
    } finally {
      await lock.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
      await lock.release();
    }
  } finally {
    await source.destroy();
  }
}

/** Names of the migrations that the running code needs and the database lacks. */
export async function pendingMigrations(config: Config): Promise<string[]> {
  const source = await new DataSource(migrationOptions(config)).initialize();
  try {
    const known = source.migrations.map((migration) => migration.name ?? migration.constructor.name);
    const tables: { exists: boolean }[] = await source.query(
      `SELECT to_regclass('schema_migration') IS NOT NULL AS exists`,
    );
    if (!tables[0]?.exists) return known;
    const rows: { name: string }[] = await source.query('SELECT name FROM schema_migration');
    const applied = new Set(rows.map(({ name }) => name));
    return known.filter((name) => !applied.has(name));
  } finally {
    await source.destroy();
  }
}

/**
 * The embedded default migrates by itself; a server's schema changes only by the `migrate` command.
 * @throws AppError INVALID_STATE if that command has to run first.
 */
export async function ensureSchema(config: Config): Promise<void> {
  if (config.embedded) {
    await migrate(config);
    return;
  }
  const pending = await pendingMigrations(config);
  if (pending.length === 0) return;
  throw new AppError(
    'INVALID_STATE',
    `The database schema is not up to date (${pending.length} migrations are missing). Run \`node dist/main.js migrate\` first.`,
  );
}

async function refuseOldServer(source: DataSource): Promise<void> {
  const rows: { version: string }[] = await source.query(`SELECT current_setting('server_version_num') AS version`);
  if (Number(rows[0]?.version) < LOWEST_VERSION) {
    throw new AppError('INVALID_STATE', 'This PostgreSQL is too old: Boucle needs version 15 or newer.');
  }
}

async function migrateQueue(config: Config): Promise<void> {
  const boss = new PgBoss({
    connectionString: config.DATABASE_DIRECT_URL ?? config.DATABASE_URL,
    schema: QUEUE_SCHEMA,
    supervise: false,
    schedule: false,
    max: 2,
  });
  await boss.start();
  await boss.stop({ graceful: false });
}
