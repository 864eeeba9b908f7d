import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { hasCommand } from './peers.js';

/** The independent peer for AWS: `pip install 'moto[server,s3,sagemaker]'`. Its command is found on the PATH. */
const COMMAND = 'moto_server';
const START_TIMEOUT_MS = 30_000;

export interface Moto {
  readonly url: string;
  stop(): Promise<void>;
}

/** @returns false where moto isn't installed; under CI everything must be there. */
export function hasMoto(): boolean {
  return hasCommand(COMMAND);
}

export async function startMoto(): Promise<Moto> {
  const port = await freePort();
  const child = spawn(COMMAND, ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
  const url = `http://127.0.0.1:${port}`;
  await answering(url, child);
  return {
    url,
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function answering(url: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline && child.exitCode === null) {
    const isUp = await fetch(`${url}/moto-api/data.json`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  child.kill('SIGKILL');
  throw new Error(`${COMMAND} does not answer at ${url}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
