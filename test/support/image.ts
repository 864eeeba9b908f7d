import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Program } from './boucle-process.ts';

/** What scripts/perform-dockerfile.mjs says of an image. */
export interface Image {
  readonly root: string;
  readonly env: Readonly<Record<string, string>>;
  readonly workdir: string;
  /** `uid:gid` */
  readonly user: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly healthcheck: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly bytes: number;
}

/** As the Dockerfile makes it, below a folder; what `npm ci` and the build would make again is taken from this checkout. */
export async function makeImage(folder: string): Promise<Image> {
  mkdirSync(join(folder, 'built/build'), { recursive: true });
  symlinkSync(resolve('dist'), join(folder, 'built/build/dist'));
  const made = ['--build-context', `build=${join(folder, 'built')}`, '--checkout', '.'];
  await promisify(execFile)(process.execPath, ['scripts/perform-dockerfile.mjs', join(folder, 'image'), ...made]);
  return JSON.parse(readFileSync(join(folder, 'image/image.json'), 'utf8')) as Image;
}

/** The program of an image. Root runs it as the image's user; others can't change who they are. */
export function programOf({ root, user, entrypoint, workdir }: Image): Program {
  const [uid, gid] = user.split(':').map(Number);
  const [node, ...rest] = entrypoint;
  return {
    command: [join(root, 'usr/local/bin', node!), ...rest],
    cwd: join(root, workdir),
    ...(process.getuid!() === 0 && { uid, gid }),
  };
}
