import { TrainingCancelled } from '../../src/ml/train/errors.js';
import type { Progress } from '../../src/ml/train/heartbeat.js';
import { type Algorithm, TRAINERS } from '../../src/ml/train/trainer.js';
import { friedmanTable } from '../fixtures/trainers/rows.js';
import { type CompiledMl, compileMl } from '../support/compiled-ml.js';

let compiled: CompiledMl;
let workerUrl: URL;

beforeAll(() => {
  compiled = compileMl();
  workerUrl = compiled.url('train/worker.js');
});

afterAll(() => {
  compiled.remove();
});

describe.each<[Algorithm, number | undefined]>([
  ['LINEAR_REGRESSION', undefined],
  ['LOGISTIC_REGRESSION', 14],
])('%s', (algorithm, limit) => {
  it('is byte-identical with 1, 2 and 4 threads', async () => {
    const table = friedmanTable(20_000, 2, limit);
    const here = await TRAINERS[algorithm].fit(table, { seed: 5 });
    for (const threads of [2, 4]) {
      const there = await TRAINERS[algorithm].fit(table, { seed: 5, threads, workerUrl });
      expect(Buffer.compare(there.onnx, here.onnx)).toBe(0);
    }
  });
});

describe('boosting on worker threads', () => {
  it.each([
    ['numbers', undefined],
    ['classes', 14],
  ])('is byte-identical with 1, 2 and 4 threads: %s', async (_name, limit) => {
    const table = friedmanTable(12_000, 2, limit);
    const hyperparameters = { rounds: 12 };
    const here = await TRAINERS.GRADIENT_BOOSTING.fit(table, { seed: 5, hyperparameters });
    for (const threads of [2, 4]) {
      const there = await TRAINERS.GRADIENT_BOOSTING.fit(table, { seed: 5, hyperparameters, threads, workerUrl });
      expect(Buffer.compare(there.onnx, here.onnx)).toBe(0);
    }
  });

  it.each([1, 2])('stops within a second when cancelled, on %i threads', async (threads) => {
    const controller = new AbortController();
    let cancelledAt = 0;
    const onProgress = ({ done }: Progress): void => {
      if (done !== 3) return;
      cancelledAt = performance.now();
      controller.abort();
    };
    const hyperparameters = { rounds: 2000, validationShare: 0 };
    const options = { seed: 1, threads, workerUrl, hyperparameters, onProgress, signal: controller.signal };
    await expect(TRAINERS.GRADIENT_BOOSTING.fit(friedmanTable(20_000, 2), options)).rejects.toThrow(TrainingCancelled);
    expect(performance.now() - cancelledAt).toBeLessThan(1000);
  });

  it('fails when a worker fails', async () => {
    const broken = compiled.write('broken-boosting.js', 'throw new Error("no such instruction");');
    const options = { seed: 1, threads: 2, workerUrl: broken };
    await expect(TRAINERS.GRADIENT_BOOSTING.fit(friedmanTable(5_000, 2), options)).rejects.toThrow(
      'no such instruction',
    );
  });
});

describe('forest on worker threads', () => {
  it.each([
    ['numbers', undefined],
    ['classes', 14],
  ])('is byte-identical with 1, 2 and 4 threads: %s', async (_name, limit) => {
    const table = friedmanTable(1500, 2, limit);
    const hyperparameters = { trees: 17 };
    const here = await TRAINERS.RANDOM_FOREST.fit(table, { seed: 5, hyperparameters });
    for (const threads of [2, 4]) {
      const there = await TRAINERS.RANDOM_FOREST.fit(table, { seed: 5, hyperparameters, threads, workerUrl });
      expect(Buffer.compare(there.onnx, here.onnx)).toBe(0);
      expect(there.summary).toEqual(here.summary);
    }
    const other = await TRAINERS.RANDOM_FOREST.fit(table, { seed: 6, hyperparameters, threads: 2, workerUrl });
    expect(Buffer.compare(other.onnx, here.onnx)).not.toBe(0);
  });

  it('counts trees as they are done', async () => {
    const reports: Progress[] = [];
    const onProgress = (progress: Progress): void => {
      reports.push(progress);
    };
    const options = { seed: 1, threads: 2, workerUrl, hyperparameters: { trees: 9 }, onProgress };
    await TRAINERS.RANDOM_FOREST.fit(friedmanTable(500, 2), options);
    expect(reports.map(({ message }) => message)).toEqual(Array.from({ length: 9 }, (_, i) => `tree ${i + 1} of 9`));
  });

  it.each([1, 2])('stops within a second when cancelled, on %i threads', async (threads) => {
    const controller = new AbortController();
    let cancelledAt = 0;
    const onProgress = ({ done }: Progress): void => {
      if (done !== 3) return;
      cancelledAt = performance.now();
      controller.abort();
    };
    const options = {
      seed: 1,
      threads,
      workerUrl,
      hyperparameters: { trees: 2000 },
      onProgress,
      signal: controller.signal,
    };
    await expect(TRAINERS.RANDOM_FOREST.fit(friedmanTable(20_000, 2), options)).rejects.toThrow(TrainingCancelled);
    expect(performance.now() - cancelledAt).toBeLessThan(1000);
  });

  it('fails when a worker fails, instead of waiting for ever', async () => {
    const broken = compiled.write('broken.js', 'throw new Error("no such instruction");');
    const options = { seed: 1, threads: 2, workerUrl: broken };
    await expect(TRAINERS.RANDOM_FOREST.fit(friedmanTable(100, 2), options)).rejects.toThrow('no such instruction');
  });
});
