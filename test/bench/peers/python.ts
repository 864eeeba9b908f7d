import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const INSTALL_TIMEOUT_MS = 15 * 60_000;
const PEER_TIMEOUT_MS = 30 * 60_000;

/** Runs a script beside this file with the installed packages; what it prints is JSON. */
export type Peers = (script: string, args: readonly string[], env?: NodeJS.ProcessEnv) => Promise<any>;

/**
 * Makes a virtual environment with the peers, or completes one that is there.
 * @param requirements a file beside this one.
 * @returns why there is none, where Python or a package can't be had.
 */
export async function installPeers(
  folder: string,
  requirements = 'requirements.txt',
): Promise<Peers | { readonly absent: string }> {
  const python = join(folder, 'bin', 'python');
  try {
    await run('python3', ['-m', 'venv', folder], { timeout: INSTALL_TIMEOUT_MS });
    const install = [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      '-r',
      join(FOLDER, requirements),
    ];
    await run(python, install, { timeout: INSTALL_TIMEOUT_MS });
  } catch (error) {
    const lines = (error as Error).message.trim().split('\n');
    return { absent: lines.at(-1)! };
  }
  return async (script, args, env = process.env) => {
    const { stdout } = await run(python, [join(FOLDER, script), ...args], { env, timeout: PEER_TIMEOUT_MS });
    return JSON.parse(stdout);
  };
}
