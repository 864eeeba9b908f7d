import { stat, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError } from '../../../errors/app-error.js';

/** User that PostgreSQL runs as; undefined means the user of this process. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL refuses to run as root, so root hands it to `postgres`, or to `nobody` where that user is unknown. */
export async function databaseIdentity(): Promise<Identity | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const users = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  const user = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody');
  if (!user) {
    throw new AppError(
      'INVALID_STATE',
      'The embedded PostgreSQL cannot run as root and found neither a user postgres nor nobody. Start Boucle as another user, or set DATABASE_URL.',
    );
  }
  return { uid: Number(user[2]), gid: Number(user[3]) };
}

/** True if every folder above `path` lets other users pass; root's home, of mode 0700, does not. */
export async function isReachableByOthers(path: string): Promise<boolean> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const { mode } = await stat(folder);
    if ((mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}
