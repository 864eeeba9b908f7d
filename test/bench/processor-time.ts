/** Processor time that processes have used, by Linux' own books. */
import { readFile } from 'node:fs/promises';

/** Of user and system time in /proc: Linux has had 100 a second on all usual machines. */
const TICK_MS = 10;

/** @returns milliseconds by process; those that have ended are left out. */
export async function processorMs(pids: readonly number[]): Promise<Map<number, number>> {
  const times = new Map<number, number>();
  for (const pid of pids) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
    if (stat !== undefined) times.set(pid, userAndSystemMs(stat));
  }
  return times;
}

/** Fields 14 and 15, counted from behind the name in parentheses. */
function userAndSystemMs(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
