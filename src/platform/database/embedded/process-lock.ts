import { readFileSync } from 'node:fs';
import { open, readFile, rm } from 'node:fs/promises';
import { AppError } from '../../../errors/app-error.js';

interface LockOwner {
  readonly pid: number;
  readonly started: string;
}

/**
 * Makes this process the only one that works on `folder`.
 * A lock left behind by a killed process is recognised by its pid and start time, and taken over.
 * @returns a function that releases the lock.
 * @throws AppError CONFLICT when another living process holds it.
 */
export async function lockFolder(path: string): Promise<() => Promise<void>> {
  for (let attempt = 0; attempt < 3; attempt++) {
    if (await tryLock(path)) return () => rm(path, { force: true });
    const owner = await readOwner(path);
    if (owner && startTimeOf(owner.pid) === owner.started) throw inUse(path, owner.pid);
    await rm(path, { force: true });
  }
  throw inUse(path);
}

/** When the process started, in a form that differs if its pid is used again; undefined if no such process lives. */
export function startTimeOf(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return undefined;
  }
  if (process.platform !== 'linux') return 'alive';
  try {
    // Field 22 of /proc/<pid>/stat, counted after the command name, which may itself hold spaces.
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')[19];
  } catch {
    return undefined; // It ended between the two looks.
  }
}

async function tryLock(path: string): Promise<boolean> {
  const owner: LockOwner = { pid: process.pid, started: startTimeOf(process.pid) ?? 'alive' };
  try {
    const file = await open(path, 'wx', 0o600);
    await file.writeFile(JSON.stringify(owner));
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function readOwner(path: string): Promise<LockOwner | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as LockOwner;
  } catch {
    return undefined; // Gone, or cut off while it was written: nobody holds it.
  }
}

function inUse(path: string, pid?: number): AppError {
  const who = pid === undefined ? 'Another Boucle process' : `Another Boucle process (pid ${pid})`;
  return new AppError(
    'CONFLICT',
    `${who} works on ${path.replace(/\/[^/]*$/, '')}. Stop it first, set BOUCLE_HOME to another folder, or set DATABASE_URL so that several processes can share one database.`,
  );
}
