import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Algorithm, type FitOptions, TRAINERS } from '../../src/ml/train/trainer.js';
import type { Tree } from '../../src/ml/train/trees/tree.js';
import { Checkpoints } from '../../src/training/container/checkpoints.js';
import type { TrainingOrder } from '../../src/training/container/order.js';
import { friedmanTable } from '../fixtures/trainers/rows.js';
import { type CompiledMl, compileMl } from '../support/compiled-ml.js';

describe('a fit that goes on from the trees of an earlier attempt', () => {
  let compiled: CompiledMl;
  beforeAll(() => {
    compiled = compileMl();
  });
  afterAll(() => {
    compiled.remove();
  });

  it.each<[Algorithm, object, number | undefined]>([
    ['RANDOM_FOREST', { trees: 12 }, undefined],
    ['RANDOM_FOREST', { trees: 12 }, 14],
    ['GRADIENT_BOOSTING', { rounds: 12 }, undefined],
    ['GRADIENT_BOOSTING', { rounds: 300, learningRate: 0.5, patience: 3 }, undefined],
    ['GRADIENT_BOOSTING', { rounds: 8, validationShare: 0 }, 14],
  ])('gives the same bytes: %s %p, classes to %p', async (algorithm, hyperparameters, limit) => {
    const table = friedmanTable(1_000, 2, limit);
    const options: FitOptions = { seed: 5, hyperparameters: { ...hyperparameters } };
    const trees: Tree[] = [];
    const keep = (index: number, tree: Tree): void => void (trees[index] = tree);
    const whole = await TRAINERS[algorithm].fit(table, { ...options, keptTrees: { kept: new Map(), keep } });
    for (const threads of [1, 2]) {
      // As if some were lost on the way: a forest grows those anew, boosting all from there on.
      const kept = new Map([...trees.entries()].filter(([index]) => index < 7 && index !== 5));
      const grown: number[] = [];
      const keptTrees = { kept, keep: (index: number) => void grown.push(index) };
      const workerUrl = compiled.url('train/worker.js');
      const resumed = await TRAINERS[algorithm].fit(table, { ...options, threads, workerUrl, keptTrees });
      expect(Buffer.compare(resumed.onnx, whole.onnx)).toBe(0);
      expect(grown.length).toBeLessThan(trees.length);
      expect(Math.min(...grown)).toBe(5);
    }
  });
});

describe('checkpoints', () => {
  const ORDER: TrainingOrder = {
    algorithm: 'RANDOM_FOREST',
    seed: 1,
    hyperparameters: { trees: '100' },
    spec: { task: 'REGRESSION', target: 'y', features: ['x'], dataset: { versionId: 'v', contentHash: 'c' } },
  };
  const TREE: Tree = {
    column: Int32Array.of(0, -1, -1),
    bin: Uint8Array.of(3, 0, 0),
    missingLeft: Uint8Array.of(1, 0, 0),
    left: Int32Array.of(1, 0, 0),
    values: Float64Array.of(0, 0.1, -0.1),
    covers: Float64Array.of(9, 4, 5),
    gains: Float64Array.of(2.5),
  };
  let folder: string;
  let lines: string[];
  const open = (order = ORDER): Promise<Checkpoints> => Checkpoints.open(folder, order, (line) => lines.push(line));

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'boucle-checkpoints-'));
    lines = [];
    const first = await open();
    first.keep(0, TREE);
    await delay(510);
    first.keep(2, TREE);
    first.keep(3, TREE); // Not due yet: with the next file, that never came.
    await first.close();
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('hold complete files only, and what was in them', async () => {
    expect(await readdir(folder)).toEqual(['trees-000001.bin']);
    const next = await open();
    expect(next.kept).toEqual(new Map([0, 2].map((index) => [index, TREE])));
    expect(lines).toEqual(['going on after an interruption, with 2 trees from checkpoints']);
  });

  it('of another training are ignored, and it is said', async () => {
    expect((await open({ ...ORDER, seed: 2 })).kept.size).toBe(0);
    expect(lines).toEqual(['the checkpoint trees-000001.bin is ignored: it is from another training.']);
  });

  it('that are damaged are ignored, and it is said', async () => {
    const path = join(folder, 'trees-000001.bin');
    const bytes = await readFile(path);
    await writeFile(path, bytes.subarray(0, bytes.length - 9));
    expect((await open()).kept.size).toBe(0);
    expect(lines).toEqual(['the checkpoint trees-000001.bin is ignored: it is damaged.']);
  });

  it('that cannot be written are no reason to end', async () => {
    const next = await open();
    await rm(folder, { recursive: true });
    await delay(510);
    next.keep(4, TREE);
    await next.close();
    expect(lines.at(-1)).toMatch(/^the checkpoint trees-000002.bin could not be written: ENOENT/);
  });
});
