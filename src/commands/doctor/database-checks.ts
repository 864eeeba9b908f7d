import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Config } from '../../config/config.js';
import { AppError } from '../../errors/app-error.js';
import { LOWEST_VERSION, pendingMigrations } from '../../platform/database/migrate.js';
import { errorCode } from '../../platform/http/outbound-request.js';
import { QUEUE_SCHEMA } from '../../platform/queue/queue-schema.js';
import { clockFinding } from './clock.js';
import { examine, type Finding } from './finding.js';

const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 10_000;
/** A notice that is under way for longer does not arrive. */
const NOTICE_MS = 2_000;
/** Jobs that wait longer have no worker, or too few. */
const WAITING_MINUTES = 10;
const MIGRATE = 'Run `node dist/main.js migrate`.';

/** What a person can do where no connection comes about, by the error of node or PostgreSQL. */
const ADVICE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Start PostgreSQL, or mend host and port in DATABASE_URL.',
  ENOTFOUND: 'Mend the host name in DATABASE_URL.',
  '28P01': 'Mend user and password in DATABASE_URL.',
  '28000': 'Let pg_hba.conf admit this user from here, or mend DATABASE_URL.',
  '3D000': 'Create the database, or mend its name in DATABASE_URL.',
};

/** The database, and what can only be asked once it answers. */
export async function databaseChecks(config: Config): Promise<Finding[]> {
  const client = new pg.Client({
    connectionString: config.DATABASE_URL,
    application_name: 'boucle-doctor',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
  });
  client.on('error', () => undefined); // The query under way fails with it.
  const connection = await examine('database', () => connect(client), connectionFix);
  if (connection.fix !== undefined) {
    await client.end();
    return [connection];
  }
  const again = (): string => 'See the log of PostgreSQL, and run the doctor again.';
  try {
    const findings = [
      connection,
      await examine('schema', () => schema(config), again),
      await examine('queue', () => queue(client), again),
      await examine('clock of the database', () => clock(client), again),
    ];
    const check = config.DATABASE_DIRECT_URL === undefined ? 'notices of the database' : 'direct database';
    return [...findings, await examine(check, () => notices(config, client), connectionFix)];
  } finally {
    await client.end();
  }
}

async function connect(client: pg.Client): Promise<string | Omit<Finding, 'check'>> {
  await client.connect();
  const { rows } = await client.query<{ number: string; version: string }>(
    `SELECT current_setting('server_version_num') AS number, current_setting('server_version') AS version`,
  );
  const says = `PostgreSQL ${rows[0]!.version}`;
  return Number(rows[0]!.number) >= LOWEST_VERSION ? says : { says, fix: 'Upgrade it to version 15 or newer.' };
}

/**
 * Has another connection send a notice. Through a pooler that gives connections out by transaction, LISTEN succeeds
 * too, but on a connection that is somebody else's a moment later.
 */
async function notices(
  { DATABASE_URL, DATABASE_DIRECT_URL: direct }: Config,
  sender: pg.Client,
): Promise<string | Omit<Finding, 'check'>> {
  const name = direct === undefined ? 'DATABASE_URL' : 'DATABASE_DIRECT_URL';
  const listener = new pg.Client({
    connectionString: direct ?? DATABASE_URL,
    application_name: 'boucle-doctor',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: STATEMENT_TIMEOUT_MS,
  });
  listener.on('error', () => undefined); // The query under way fails with it.
  const token = randomUUID();
  const arrived = new Promise<boolean>((resolve) => {
    listener.on('notification', ({ payload }) => {
      if (payload === token) resolve(true);
    });
  });
  try {
    await listener.connect();
    await listener.query('LISTEN boucle_doctor');
    await sender.query(`SELECT pg_notify('boucle_doctor', $1)`, [token]);
    const isHeard = await Promise.race([arrived, delay(NOTICE_MS, false, { ref: false })]);
    await listener.query('UNLISTEN boucle_doctor');
    return isHeard ? `${name} can be listened on` : unheard(name);
  } finally {
    await listener.end();
  }
}

function unheard(name: string): Omit<Finding, 'check'> {
  return {
    says: `LISTEN does not work through ${name}, as behind a pooler in transaction mode: promotions and other changes are seen late`,
    fix: 'Set DATABASE_DIRECT_URL to PostgreSQL itself, or to a pooler in session mode.',
  };
}

function connectionFix(error: unknown): string {
  if (error instanceof AppError) return 'Do what it says, and run the doctor again.';
  return ADVICE[errorCode(error)] ?? 'Check DATABASE_URL, the network on the way, and the log of PostgreSQL.';
}

async function schema(config: Config): Promise<string | Omit<Finding, 'check'>> {
  const pending = await pendingMigrations(config);
  if (pending.length === 0) return 'up to date';
  const says = `${pending.length} migrations are missing`;
  return config.embedded ? `${says}; the next start applies them` : { says, fix: MIGRATE };
}

async function queue(client: pg.Client): Promise<string | Omit<Finding, 'check'>> {
  const { rows: tables } = await client.query<{ exists: boolean }>(
    `SELECT to_regclass('${QUEUE_SCHEMA}.job') IS NOT NULL AS exists`,
  );
  if (!tables[0]!.exists) return { says: 'its tables are missing', fix: MIGRATE };
  const { rows } = await client.query<{ waiting: number; late: number }>(
    `SELECT count(*)::int AS waiting, count(*) FILTER (WHERE start_after < now() - $1 * interval '1 minute')::int AS late
     FROM ${QUEUE_SCHEMA}.job WHERE state < 'active'`,
    [WAITING_MINUTES],
  );
  const { waiting, late } = rows[0]!;
  if (late === 0) return `${waiting} jobs wait`;
  return {
    says: `${late} jobs wait for more than ${WAITING_MINUTES} minutes`,
    fix: 'Start a process of the role worker (or all), or more of them, and look into their logs.',
  };
}

async function clock(client: pg.Client): Promise<Omit<Finding, 'check'>> {
  const asked = Date.now();
  const { rows } = await client.query<{ now: Date }>('SELECT clock_timestamp() AS now');
  return clockFinding(rows[0]!.now, asked, Date.now());
}
