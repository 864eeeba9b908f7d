import { readFile } from 'node:fs/promises';

/** Name and version of this program. */
export async function programVersion(): Promise<{ readonly name: string; readonly version: string }> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  const { name, version } = JSON.parse(text) as { name: string; version: string };
  return { name, version };
}
