import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';

/**
 * The first Python on the PATH that has a module: an environment in which somebody installed it may stand behind the
 * system's own.
 * @returns undefined where there is none; under CI everything must be there.
 */
export function pythonWith(module: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const pythons = folders.map((folder) => join(folder, 'python3'));
  const found = pythons.find((python) => spawnSync(python, ['-c', `import ${module}`]).status === 0);
  if (found === undefined) requireUnderCi(`Python's ${module}`);
  return found;
}

/** Whether a command is there; under CI everything must be. */
export function hasCommand(command: string): boolean {
  const found = spawnSync(command, ['--version']).error === undefined;
  if (!found) requireUnderCi(command);
  return found;
}

function requireUnderCi(what: string): void {
  if (process.env['CI'] === 'true') throw new Error(`${what} is missing; .ci/run installs it`);
}
