import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface CompiledMl {
  /** A compiled file of src/ml: 'onnx/worker.js'. */
  url(path: string): URL;
  /** A file with this content, as a thread's entry that is none of ours. */
  write(name: string, content: string): URL;
  remove(): void;
}

/**
 * Compiles src/ml into a temporary folder. Jest runs sources, but a worker thread needs compiled files; these come from
 * the same sources, not from an old build.
 */
export function compileMl(): CompiledMl {
  const folder = mkdtempSync(join(tmpdir(), 'boucle-worker-'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const swc = join(root, 'node_modules/@swc/cli/bin/swc.js');
  const settings = ['--config-file', '.swcrc', '--strip-leading-paths', '--quiet'];
  execFileSync(process.execPath, [swc, 'src/ml', '-d', folder, ...settings], { cwd: root });
  return {
    url: (path) => pathToFileURL(join(folder, 'ml', path)),
    write: (name, content) => {
      writeFileSync(join(folder, name), content);
      return pathToFileURL(join(folder, name));
    },
    remove: () => {
      rmSync(folder, { recursive: true });
    },
  };
}
