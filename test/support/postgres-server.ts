import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { databaseIdentity } from '../../src/platform/database/embedded/identity.js';
import { freePort } from './peer-server.js';

/** Where Debian's packages put each version of PostgreSQL. */
const VERSIONS = '/usr/lib/postgresql';
const START_TIMEOUT_MS = 30_000;
const run = promisify(execFile);

export interface PostgresServer {
  /** Of the database `postgres`. */
  readonly url: string;
  stop(): Promise<void>;
}

/** The folder of the newest PostgreSQL installed with its tools, such as pg_dump; under CI there must be one. */
export function installedPostgres(): string | undefined {
  const versions = (existsSync(VERSIONS) ? readdirSync(VERSIONS) : []).map(Number).filter((version) => version >= 15);
  if (versions.length > 0) return join(VERSIONS, String(Math.max(...versions)), 'bin');
  if (process.env['CI'] === 'true') throw new Error('PostgreSQL is missing; .ci/run installs it');
  return undefined;
}

/** Starts a new server, whoever runs the tests. */
export async function startPostgres(binaries: string): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), 'boucle-postgres-'));
  const identity = await databaseIdentity();
  if (identity) await chown(folder, identity.uid, identity.gid);
  const options = ['--username=postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];
  await run(join(binaries, 'initdb'), [`--pgdata=${folder}`, ...options], { ...identity, cwd: '/' });
  const port = await freePort();
  const settings = ['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=', '-c', 'fsync=off'];
  const child = spawn(join(binaries, 'postgres'), ['-D', folder, '-p', String(port), ...settings], {
    ...identity,
    cwd: '/',
    stdio: 'ignore',
  });
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  await answering(url, child);
  return {
    url,
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGINT');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function answering(url: string, child: ChildProcess): Promise<void> {
  for (const deadline = Date.now() + START_TIMEOUT_MS; Date.now() < deadline && child.exitCode === null;) {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      return;
    } catch {
      await delay(50);
    } finally {
      await client.end();
    }
  }
  throw new Error(`PostgreSQL did not start on ${url}`);
}
