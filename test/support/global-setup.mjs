import { execFileSync } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../../dist/platform/database/embedded/embedded-postgres.js';

/**
 * Starts one real PostgreSQL for the whole run and migrates a template database, of which every test that wants a
 * database gets a copy of its own (see database.ts).
 */
export default async function globalSetup() {
  const home = await mkdtemp(join(tmpdir(), 'boucle-test-'));
  const server = await startEmbeddedPostgres(home);
  globalThis.boucleTestServer = { home, stop: () => server.stop() };
  process.env.TEST_POSTGRES_URL = server.url;
  execFileSync(process.execPath, ['dist/main.js', 'migrate'], {
    env: { ...process.env, DATABASE_URL: server.url, BOUCLE_SECRET: 'x'.repeat(32) },
  });
}
