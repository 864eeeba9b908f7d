/** Which core works for whom: the server has one to itself, everything else shares the other. Needs Linux' taskset. */
import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);
const SERVER_CORE = '0';
const OTHER_CORE = '1';

/** Pins a command that starts a server. */
export type Pin = (command: readonly string[]) => readonly string[];

/**
 * Moves this process, all its threads and so whatever it starts, away from the servers' core.
 * @returns how to start servers; undefined where nothing can be pinned.
 */
export async function pinBenchmark(): Promise<Pin | undefined> {
  if (availableParallelism() < 2) return undefined;
  try {
    await run('taskset', ['--all-tasks', '--cpu-list', '--pid', OTHER_CORE, String(process.pid)]);
  } catch {
    return undefined; // No Linux, or a container that may not.
  }
  return (command) => ['taskset', '--cpu-list', SERVER_CORE, ...command];
}
