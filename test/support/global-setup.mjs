import { execFileSync } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../dist/platform/database/embedded/embedded-postgres.js';

/**
 * Starts one real PostgreSQL for the whole run and migrates a template database, of which every test that wants a
 * database gets a copy of its own (see database.ts).
 */
export default async function globalSetup() {
  const home = await mkdtemp(join(tmpdir(), 'boucle-test-'));
  const server = await startEmbeddedPostgres(home);
  globalThis.boucleTestServer = { home, stop: () => server.stop() };
  await spareTheDisk(server.url);
  process.env.TEST_POSTGRES_URL = server.url;
  execFileSync(process.execPath, ['dist/main.js', 'migrate'], {
    env: { ...process.env, DATABASE_URL: server.url, BOUCLE_SECRET: 'x'.repeat(32) },
  });
}

/** What ends with the run need not survive a loss of power: without fsync, a database is dropped in 0.1 s instead of 2 s. */
async function spareTheDisk(url) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('ALTER SYSTEM SET fsync = off');
  await client.query('SELECT pg_reload_conf()');
  await client.end();
}
