import { mkdir, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import type { Config } from '../../config/config.js';
import { examine, type Finding } from './finding.js';

const GIBIBYTE = 2 ** 30;

/** Room for what is staged while it is extracted, trained on or uploaded, and for the embedded default. */
export function diskChecks(config: Config): Promise<Finding[]> {
  const folders = config.embedded ? [tmpdir(), config.home] : [tmpdir()];
  return Promise.all(
    folders.map((folder) =>
      examine(
        `disk of ${folder}`,
        () => room(folder),
        () => `Let this process write to ${folder}.`,
      ),
    ),
  );
}

async function room(folder: string): Promise<string | Omit<Finding, 'check'>> {
  await mkdir(folder, { recursive: true });
  const { bavail, bsize } = await statfs(folder);
  const says = `${((bavail * bsize) / GIBIBYTE).toFixed(1)} GiB free`;
  return bavail * bsize >= GIBIBYTE
    ? says
    : { says, fix: 'Free at least 1 GiB, or set TMPDIR or BOUCLE_HOME to a larger disk.' };
}
