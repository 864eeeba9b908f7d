import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Boucle, type BoucleClient, startBoucle } from '../support/boucle-process.ts';
import type { CsvSource } from './csv-source.ts';
import { Administrator } from './session.ts';
import type { Terminal } from './terminal.ts';

/** What a demo runs on. */
export interface Installation {
  readonly url: string;
  processes(): readonly Boucle[];
}

/**
 * Runs a demo on a Boucle of its own, in a temporary folder, and clears up behind it; the source is closed, too.
 * @param env settings besides.
 */
export async function withOwnBoucle(
  source: CsvSource,
  terminal: Terminal,
  run: (administrator: Administrator, installation: Installation) => Promise<void>,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const started = performance.now();
  const home = await mkdtemp(join(tmpdir(), 'boucle-demo-'));
  terminal.title('Starting Boucle, with a PostgreSQL of its own');
  const boucle = await startBoucle({ home, env: { SOURCE_ALLOW_LIST: source.host, ...env } });
  terminal.line(`  ${boucle.url} after ${secondsSince(started)} s, data in ${home}`);
  try {
    await run(await Administrator.register(boucle), { url: boucle.url, processes: () => [boucle] });
  } catch (error) {
    terminal.line(`\nThe demo failed. The last lines of the server:\n${boucle.output().slice(-3_000)}`);
    throw error;
  } finally {
    source.close();
    await boucle.stop();
    await rm(home, { recursive: true, force: true });
  }
}

/** Seconds since `performance.now()` was that, to one digit. */
export function secondsSince(started: number): string {
  return ((performance.now() - started) / 1000).toFixed(1);
}

/** Longest time that one of the processes held its event loop since the last call, in milliseconds. */
export async function eventLoopDelayOf(processes: readonly BoucleClient[]): Promise<number> {
  const delays = processes.map(async (boucle) => {
    const metrics = await (await boucle.fetch('/metrics')).text();
    return Number(/^nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(metrics)?.[1]);
  });
  return Math.round(Math.max(...(await Promise.all(delays))) * 1000);
}
