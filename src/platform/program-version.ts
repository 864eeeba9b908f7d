import { readFile } from 'node:fs/promises';

interface ProgramVersion {
  readonly name: string;
  readonly version: string;
}

let known: Promise<ProgramVersion> | undefined;

/** Name and version of this program. */
export function programVersion(): Promise<ProgramVersion> {
  return (known ??= read());
}

async function read(): Promise<ProgramVersion> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  const { name, version } = JSON.parse(text) as ProgramVersion;
  return { name, version };
}
