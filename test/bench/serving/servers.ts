/** Starts the servers of the benchmark, each as one process on the core for servers. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Boucle, startBoucle } from '../../support/boucle-process.ts';
import { freePort } from '../../support/peer-server.ts';
import type { Pin } from './pinning.ts';

const run = promisify(execFile);
const START_TIMEOUT_MS = 120_000;
const POLL_MS = 250;

export interface Server {
  /** Its processes; the first one holds the memory. */
  readonly pids: readonly number[];
  readonly port: number;
  stop(): Promise<unknown>;
}

export interface BoucleSettings {
  readonly databaseUrl: string;
  readonly home: string;
  readonly role?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export async function startOurs(pin: Pin, settings: BoucleSettings): Promise<Server & { readonly boucle: Boucle }> {
  const program = { command: pin([process.execPath, 'dist/main.js']) };
  const boucle = await startBoucle({ role: 'predictor', ...settings, program });
  return { boucle, pids: [boucle.child.pid!], port: Number(new URL(boucle.url).port), stop: () => boucle.stop() };
}

export function startBareFastify(pin: Pin, columns: readonly string[], onnx?: string): Promise<Server> {
  const script = fileURLToPath(new URL('bare-fastify.ts', import.meta.url));
  return startPeer(pin, (port) => [
    process.execPath,
    script,
    port,
    columns.join(),
    ...(onnx === undefined ? [] : [onnx]),
  ]);
}

/** @param venv where the peer is installed. @param folder where its forest lies. */
export function startFastApi(pin: Pin, venv: string, folder: string, columns: readonly string[]): Promise<Server> {
  const app = ['serving_fastapi:app', '--app-dir', fileURLToPath(new URL('../peers', import.meta.url))];
  return startPeer(
    pin,
    (port) => [join(venv, 'bin/python'), '-m', 'uvicorn', ...app, '--port', port, '--no-access-log'],
    { MODEL: join(folder, 'model.joblib'), COLUMNS: columns.join() },
  );
}

export async function startMlServer(pin: Pin, venv: string, folder: string): Promise<Server> {
  const [grpc, metrics] = [await freePort(), await freePort()];
  return startPeer(
    pin,
    async (port) => {
      const own = { debug: false, parallel_workers: 0, host: '127.0.0.1' };
      const settings = { ...own, http_port: Number(port), grpc_port: grpc, metrics_port: metrics };
      const model = join(folder, 'mlserver');
      await mkdir(model, { recursive: true });
      await writeFile(join(model, 'settings.json'), JSON.stringify(settings));
      return [join(venv, 'bin/mlserver'), 'start', model];
    },
    // Its model folder is named relative to where it is started.
    {},
    join(folder, 'mlserver'),
  );
}

export function startMlflow(pin: Pin, venv: string, folder: string): Promise<Server> {
  const model = ['-m', join(folder, 'mlflow'), '--env-manager', 'local', '--workers', '1'];
  return startPeer(pin, (port) => [join(venv, 'bin/mlflow'), 'models', 'serve', ...model, '-p', port], {
    PATH: `${join(venv, 'bin')}:${process.env['PATH'] ?? ''}`,
  });
}

async function startPeer(
  pin: Pin,
  command: (port: string) => readonly string[] | Promise<readonly string[]>,
  env: Readonly<Record<string, string>> = {},
  cwd = process.cwd(),
): Promise<Server> {
  const port = await freePort();
  const [program, ...args] = pin(await command(String(port)));
  // A process group of its own: some of them serve in a process that their first one starts.
  const child = spawn(program!, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4_000)));
  try {
    await listening(child, port);
  } catch (error) {
    await end(child);
    throw new Error(`${(error as Error).message}\n${output}`, { cause: error });
  }
  return { pids: await processGroup(child.pid!), port, stop: () => end(child) };
}

async function processGroup(leader: number): Promise<number[]> {
  const { stdout } = await run('pgrep', ['-g', String(leader)]);
  return stdout.trim().split('\n').map(Number);
}

async function listening(child: ChildProcess, port: number): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < deadline && child.exitCode === null) {
    const isUp = await fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false,
    );
    if (isUp) return;
    await delay(POLL_MS);
  }
  throw new Error(`${child.spawnargs.join(' ')} does not answer`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  process.kill(-child.pid!, 'SIGKILL');
  await closed;
}
