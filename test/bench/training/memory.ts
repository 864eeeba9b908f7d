/** Resident memory of a process, this one by default, by Linux' own books, in kB; undefined on other systems. */
import { readFile, writeFile } from 'node:fs/promises';

export const residentKilobytes = (process?: number): Promise<number | undefined> => fromStatus('VmRSS', process);

/** The most since the start, or since {@link resetPeak}. */
export const peakKilobytes = (): Promise<number | undefined> => fromStatus('VmHWM');

export async function resetPeak(): Promise<void> {
  if (process.platform === 'linux') await writeFile('/proc/self/clear_refs', '5');
}

async function fromStatus(name: string, of: number | 'self' = 'self'): Promise<number | undefined> {
  if (process.platform !== 'linux') return undefined;
  const status = await readFile(`/proc/${of}/status`, 'utf8');
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]);
}
