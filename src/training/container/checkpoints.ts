import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import type { KeptTrees } from '../../ml/train/trees/kept-trees.js';
import type { Tree } from '../../ml/train/trees/tree.js';
import type { VersionAlgorithm } from '../../models/algorithm.js';
import { programVersion } from '../../platform/program-version.js';
import type { TrainingOrder } from './order.js';

/** Algorithms that take long enough to be interrupted, and whose state is their trees. */
export function growsTrees(algorithm: VersionAlgorithm): boolean {
  return algorithm === 'RANDOM_FOREST' || algorithm === 'GRADIENT_BOOSTING';
}

type Grown = readonly (readonly [index: number, tree: Tree])[];

const FILE = /^trees-\d{6}\.bin$/;
const HASH_BYTES = 32;
/** Between two files: soon at first, so that short trainings have one, then seldom. */
const FIRST_PAUSE_MS = 500;
const PAUSE_GROWTH = 1.5;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Trees in a folder that the platform copies to a bucket as they come, and back for the next machine. A file holds what
 * was grown since the last one, so all of them together are no larger than the model, and is named when it is complete:
 * the hash of the order, the hash of what follows, then trees with their places.
 */
export class Checkpoints implements KeptTrees {
  private readonly waiting: [number, Tree][] = [];
  private writing = Promise.resolve();
  private isWriting = false;
  private pauseMs = FIRST_PAUSE_MS;
  private lastMs = performance.now();

  private constructor(
    private readonly folder: string,
    private readonly orderHash: Buffer,
    private files: number,
    readonly kept: ReadonlyMap<number, Tree>,
    private readonly print: (line: string) => void,
  ) {}

  /** Reads what an earlier attempt at the same order left. What can't be used is told of, and left out. */
  static async open(folder: string, order: TrainingOrder, print: (line: string) => void): Promise<Checkpoints> {
    await mkdir(folder, { recursive: true });
    const orderHash = await hashOf(order);
    const names = (await readdir(folder)).filter((name) => FILE.test(name)).sort();
    const kept = new Map<number, Tree>();
    for (const name of names) {
      const content = read(await readFile(join(folder, name)), orderHash);
      if (typeof content === 'string') print(`the checkpoint ${name} is ignored: ${content}`);
      else for (const [index, tree] of content) kept.set(index, tree);
    }
    if (kept.size > 0) print(`going on after an interruption, with ${kept.size} trees from checkpoints`);
    const last = names.at(-1) ?? '';
    return new Checkpoints(folder, orderHash, Number(/\d+/.exec(last)?.[0] ?? 0), kept, print);
  }

  keep(index: number, tree: Tree): void {
    this.waiting.push([index, tree]);
    if (this.isWriting || performance.now() - this.lastMs < this.pauseMs) return;
    this.isWriting = true;
    this.writing = this.write(this.waiting.splice(0)).finally(() => {
      this.isWriting = false;
      this.lastMs = performance.now();
      this.pauseMs = Math.min(LONGEST_PAUSE_MS, this.pauseMs * PAUSE_GROWTH);
    });
  }

  /** Waits for the file that is being written, if there is one. What is not written by then is not needed any more. */
  async close(): Promise<void> {
    await this.writing;
  }

  /** A training that can't be kept is a training nevertheless. */
  private async write(grown: Grown): Promise<void> {
    const name = `trees-${String(++this.files).padStart(6, '0')}.bin`;
    const content = serialize(grown);
    try {
      const path = join(this.folder, name);
      await writeFile(`${path}.part`, Buffer.concat([this.orderHash, sha256(content), content]));
      await rename(`${path}.part`, path);
    } catch (error) {
      this.print(`the checkpoint ${name} could not be written: ${(error as Error).message}`);
    }
  }
}

/** Everything that trees follow from, this program included. */
async function hashOf(order: TrainingOrder): Promise<Buffer> {
  const { name, version } = await programVersion();
  const settings = Object.entries(order.hyperparameters).sort(([a], [b]) => (a < b ? -1 : 1));
  return sha256(JSON.stringify([name, version, order.algorithm, order.seed, settings, order.spec]));
}

/** @returns why a file can't be used, where that is so. */
function read(bytes: Buffer, orderHash: Buffer): Grown | string {
  if (!bytes.subarray(0, HASH_BYTES).equals(orderHash)) return 'it is from another training.';
  const content = bytes.subarray(2 * HASH_BYTES);
  if (!bytes.subarray(HASH_BYTES, 2 * HASH_BYTES).equals(sha256(content))) return 'it is damaged.';
  return deserialize(content) as Grown;
}

function sha256(content: string | Uint8Array): Buffer {
  return createHash('sha256').update(content).digest();
}
