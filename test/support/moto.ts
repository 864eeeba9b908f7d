import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { answering, freePort } from './peer-server.js';
import { hasCommand } from './peers.js';

/** The independent peer for AWS: `pip install 'moto[server,s3,sagemaker]'`. Its command is found on the PATH. */
const COMMAND = 'moto_server';

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
  await answering(`${url}/moto-api/data.json`, child);
  return {
    url,
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
