import { createHash, randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SHARED_ROOT } from './binaries.js';
import { Identity, isReachableByOthers } from './identity.js';

/** What an embedded installation must remember between starts; kept in `<home>/embedded.json`, readable by its owner only. */
export interface EmbeddedState {
  readonly dataDirectory: string;
  readonly databasePassword: string;
  readonly secret: string;
}

/** Reads the state of `home`, or creates folder and state with fresh random secrets. */
export async function loadEmbeddedState(home: string, identity: Identity | undefined): Promise<EmbeddedState> {
  // 0711: the database user may pass through to its data, but not look around.
  await mkdir(home, { recursive: true, mode: 0o711 });
  if (identity) await chmod(home, 0o711);
  const path = join(home, 'embedded.json');
  const known = await readState(path);
  if (known) return known;
  const state: EmbeddedState = {
    dataDirectory: await chooseDataDirectory(home, identity),
    databasePassword: randomBytes(24).toString('base64url'),
    secret: randomBytes(48).toString('base64url'),
  };
  await writeFile(`${path}.new`, JSON.stringify(state, null, 2), { mode: 0o600 });
  await rename(`${path}.new`, path);
  return state;
}

async function chooseDataDirectory(home: string, identity: Identity | undefined): Promise<string> {
  if (!identity || (await isReachableByOthers(home))) return join(home, 'postgres');
  const id = createHash('sha256').update(home).digest('hex').slice(0, 16);
  return join(SHARED_ROOT, `data-${id}`);
}

async function readState(path: string): Promise<EmbeddedState | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as EmbeddedState;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
