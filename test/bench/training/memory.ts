/** Resident memory of this process by Linux' own books, in kB; undefined on other systems. */
import { readFile, writeFile } from 'node:fs/promises';

export const residentKilobytes = (): Promise<number | undefined> => fromStatus('VmRSS');

/** The most since the start, or since {@link resetPeak}. */
export const peakKilobytes = (): Promise<number | undefined> => fromStatus('VmHWM');

export async function resetPeak(): Promise<void> {
  if (process.platform === 'linux') await writeFile('/proc/self/clear_refs', '5');
}

async function fromStatus(name: string): Promise<number | undefined> {
  if (process.platform !== 'linux') return undefined;
  const status = await readFile('/proc/self/status', 'utf8');
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]);
}
