import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answering, freePort } from './peer-server.ts';

/** A Prometheus that scrapes every second. */
export interface Prometheus {
  /** The `data` of an answer of its API. @throws Error with its message. */
  get(path: string, parameters?: Readonly<Record<string, string>>): Promise<any>;
  stop(): Promise<void>;
}

export async function startPrometheus(targets: readonly string[], rules: string): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'boucle-prometheus-'));
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: [rules],
    scrape_configs: [{ job_name: 'boucle', static_configs: [{ targets }] }],
  };
  const file = join(folder, 'prometheus.yml');
  await writeFile(file, JSON.stringify(config));
  const port = await freePort();
  const options = [
    `--config.file=${file}`,
    `--storage.tsdb.path=${folder}/data`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const child = spawn('prometheus', options, { stdio: 'ignore' });
  const url = `http://127.0.0.1:${port}`;
  await answering(`${url}/-/ready`, child);
  return {
    get: async (path, parameters = {}) => {
      const response = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`);
      const { status, data, error } = (await response.json()) as { status: string; data: unknown; error?: string };
      if (status !== 'success') throw new Error(`${JSON.stringify(parameters)}: ${error}`);
      return data;
    },
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
