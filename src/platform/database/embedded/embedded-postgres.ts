import { ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { AppError } from '../../../errors/app-error.js';
import { binariesFolder, exists } from './binaries.js';
import { EmbeddedState, loadEmbeddedState } from './embedded-state.js';
import { databaseIdentity, Identity } from './identity.js';
import { lockFolder, startTimeOf } from './process-lock.js';

const USER = 'boucle';
const DATABASE = 'boucle';
const READY = 'database system is ready to accept connections';
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 15_000;

/** A running PostgreSQL of our own. */
export interface EmbeddedPostgres {
  readonly url: string;
  readonly secret: string;
  /** Resolves with the last words of the server if it ends without {@link stop}. */
  readonly died: Promise<string>;
  stop(): Promise<void>;
}

/**
 * Starts the PostgreSQL that lives in `home`, creating it on first use. A server left behind by a killed process is
 * shut down first.
 * @throws AppError CONFLICT if another living process works on `home`; INVALID_STATE if PostgreSQL cannot start.
 */
export async function startEmbeddedPostgres(home: string): Promise<EmbeddedPostgres> {
  const identity = await databaseIdentity();
  const state = await loadEmbeddedState(home, identity);
  const unlock = await lockFolder(join(home, 'boucle.lock'));
  try {
    const binaries = await binariesFolder(identity);
    if (!(await exists(join(state.dataDirectory, 'PG_VERSION')))) await initialise(binaries, state, identity);
    await stopOrphan(state.dataDirectory);
    const server = await startOnFreePort(binaries, state, identity);
    await createDatabase(server.url);
    return {
      url: server.url.replace(/\/postgres$/, `/${DATABASE}`),
      secret: state.secret,
      died: server.died,
      stop: async () => {
        await server.stop();
        await unlock();
      },
    };
  } catch (error) {
    await unlock();
    throw error;
  }
}

async function initialise(binaries: string, state: EmbeddedState, identity: Identity | undefined): Promise<void> {
  // Initialised beside its final place and renamed when whole: an interrupted first start leaves nothing half-made.
  const parent = dirname(state.dataDirectory);
  const fresh = `${state.dataDirectory}.new`;
  const passwordFile = `${state.dataDirectory}.password`;
  await mkdir(parent, { recursive: true, mode: 0o711 });
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { mode: 0o700 });
  await writeFile(passwordFile, state.databasePassword, { mode: 0o600 });
  if (identity) {
    await chown(fresh, identity.uid, identity.gid);
    await chown(passwordFile, identity.uid, identity.gid);
  }
  try {
    const options = ['--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--no-instructions', '--no-sync'];
    const child = spawn(
      join(binaries, 'initdb'),
      [`--pgdata=${fresh}`, `--username=${USER}`, `--pwfile=${passwordFile}`, ...options],
      { ...identity, stdio: ['ignore', 'ignore', 'pipe'], env: { LC_ALL: 'C', PATH: process.env['PATH'], TZ: 'UTC' } },
    );
    const lines = collectLines(child);
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw cannotStart(lines());
    await rename(fresh, state.dataDirectory);
  } finally {
    await rm(passwordFile, { force: true });
  }
}

/** Ends a server that outlived a killed process. Its lock file names its pid; PostgreSQL clears a stale one itself. */
async function stopOrphan(dataDirectory: string): Promise<void> {
  const lock = join(dataDirectory, 'postmaster.pid');
  const pid = Number((await readFile(lock, 'utf8').catch(() => '')).split('\n')[0]);
  if (!pid) return;
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => dataDirectory);
  const isOurs = startTimeOf(pid) !== undefined && command.includes(dataDirectory);
  if (!isOurs) {
    await rm(lock, { force: true });
    return;
  }
  process.kill(pid, 'SIGINT');
  for (let waited = 0; startTimeOf(pid) !== undefined; waited += 50) {
    if (waited >= STOP_TIMEOUT_MS) process.kill(pid, 'SIGQUIT');
    await delay(50);
  }
}

interface Server {
  readonly url: string;
  readonly died: Promise<string>;
  stop(): Promise<void>;
}

async function startOnFreePort(
  binaries: string,
  state: EmbeddedState,
  identity: Identity | undefined,
): Promise<Server> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startServer(binaries, state, identity, await freePort());
    } catch (error) {
      // Somebody took the port between our look and PostgreSQL's bind.
      const portTaken = error instanceof AppError && /could not bind|Address already in use/.test(error.message);
      if (!portTaken || attempt === 3) throw error;
    }
  }
}

async function startServer(
  binaries: string,
  state: EmbeddedState,
  identity: Identity | undefined,
  port: number,
): Promise<Server> {
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=100', 'timezone=UTC'];
  const child = spawn(
    join(binaries, 'postgres'),
    ['-D', state.dataDirectory, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
    // Its own process group: Ctrl-C reaches us only, and we stop it after the last query.
    { ...identity, detached: true, stdio: ['ignore', 'ignore', 'pipe'], env: { LC_ALL: 'C', TZ: 'UTC' } },
  );
  const lines = collectLines(child);
  const closed = once(child, 'close').then(() => lines());
  await ready(child, closed);
  let stopping = false;
  const died = new Promise<string>((resolve) => {
    void closed.then((words) => {
      if (!stopping) resolve(words);
    });
  });
  return {
    url: `postgres://${USER}:${state.databasePassword}@127.0.0.1:${port}/postgres`,
    died,
    stop: async () => {
      stopping = true;
      child.kill('SIGINT');
      const timer = setTimeout(() => child.kill('SIGQUIT'), STOP_TIMEOUT_MS);
      await closed;
      clearTimeout(timer);
    },
  };
}

async function ready(child: ChildProcess, closed: Promise<string>): Promise<void> {
  const abort = new AbortController();
  const announced = new Promise<void>((resolve) => {
    child.stderr?.on('data', (chunk: Buffer) => {
      if (chunk.includes(READY)) resolve();
    });
  });
  const failed = closed.then((words) => {
    throw cannotStart(words);
  });
  const late = delay(START_TIMEOUT_MS, undefined, { signal: abort.signal }).then(() => {
    child.kill('SIGQUIT');
    throw cannotStart(`not ready after ${START_TIMEOUT_MS / 1000} s`);
  });
  late.catch(() => undefined); // Rejects with the abort once the race is decided.
  failed.catch(() => undefined);
  await Promise.race([announced, failed, late]).finally(() => {
    abort.abort();
  });
}

async function createDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (!rowCount) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Keeps the last lines a child wrote to stderr: the reason, should it fail. */
function collectLines(child: ChildProcess): () => string {
  let tail = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    tail = (tail + chunk.toString()).slice(-4_000);
  });
  child.on('error', (error) => (tail += error.message));
  return () => tail.trim();
}

function cannotStart(reason: string): AppError {
  const hint = /No space left on device/.test(reason)
    ? 'The disk is full: free some space and start again.'
    : 'Mend the cause and start again, or set DATABASE_URL to use a PostgreSQL server instead.';
  return new AppError('INVALID_STATE', `The embedded PostgreSQL could not start. ${hint}\n${reason}`);
}
