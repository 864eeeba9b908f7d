import { readdir, readFile } from 'node:fs/promises';

/** Processes that train a run or score a batch: its id is part of their folder's name. */
export async function processesOf(runId: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return pids.filter((_, index) => lines[index]!.includes(runId)).map(Number);
}
