import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Readable } from 'node:stream';
import { Logger } from '@nestjs/common';
import { Gauge, Registry } from 'prom-client';
import { DataSource } from 'typeorm';
import { loadConfig } from '../../src/config/config.js';
import { ModelArtifacts } from '../../src/models/artifact/model-artifacts.js';
import { NO_SERVING_SETTINGS } from '../../src/models/serving-settings.js';
import { createEvaluator } from '../../src/models/evaluation/create-evaluator.js';
import type { ServableVersion } from '../../src/models/model-registry.js';
import { FileObjectStore } from '../../src/platform/storage/file-object-store.js';
import { BinningRow } from '../../src/predictions/counts/binning.entity.js';
import { Binnings } from '../../src/predictions/counts/binnings.js';
import { EvaluatorCache, type LoadedModel } from '../../src/predictions/evaluator-cache.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { onnxOf, registerVersion, WEATHER } from '../support/served-model.js';

/** Counts what is read. */
class CountingStore extends FileObjectStore {
  readonly reads: string[] = [];

  override read(key: string, signal?: AbortSignal): Promise<Readable> {
    this.reads.push(key);
    return super.read(key, signal);
  }
}

describe('the evaluator cache', () => {
  let database: TestDatabase;
  let source: DataSource;
  let home: string;
  let store: CountingStore;
  let gauge: Gauge;
  let size: number;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    database = await createTestDatabase();
    source = await new DataSource({ type: 'postgres', url: database.url, entities: [BinningRow] }).initialize();
    home = await mkdtemp(join(tmpdir(), 'boucle-cache-'));
    size = (await createEvaluator(onnxOf(WEATHER))).bytes;
    expect(size).toBeGreaterThan(0);
  });

  afterAll(async () => {
    await source.destroy();
    await database.drop();
    await rm(home, { recursive: true, force: true });
  });

  beforeEach(() => {
    store = new CountingStore(`file://${home}/objects`);
    gauge = new Gauge({ name: 'bytes', help: 'bytes', registers: [new Registry()] });
  });

  const cacheOf = (bytes: number) =>
    new EvaluatorCache(
      new ModelArtifacts(store),
      new Binnings(source.getRepository(BinningRow)),
      loadConfig({ EVALUATOR_CACHE_BYTES: String(bytes), BOUCLE_HOME: home }),
      gauge,
    );

  async function newVersion(): Promise<ServableVersion> {
    const version = await registerVersion(database, home, {
      model: 'weather',
      signature: WEATHER,
      stage: 'CANDIDATE',
    });
    const [found] = await database.query<{ sha256: string }>(
      'SELECT artifact_sha256 AS sha256 FROM model_version WHERE id = $1',
      [version.versionId],
    );
    return {
      modelId: version.modelId,
      modelName: 'weather',
      versionId: version.versionId,
      version: version.number,
      algorithm: 'LOGISTIC_REGRESSION',
      stage: 'CANDIDATE',
      artifactKey: version.artifactKey,
      artifactSha256: found!.sha256,
      signature: WEATHER,
      serving: NO_SERVING_SETTINGS,
    };
  }

  const bytes = async () => (await gauge.get()).values[0]?.value;
  const scores = ({ evaluator }: LoadedModel) =>
    Promise.resolve(evaluator.evaluate({ rows: 1, columns: [f(1), f(1), f(0), ['north']] }));
  const f = (value: number) => Float32Array.of(value);

  it('loads a version once, also for many requests at the same time', async () => {
    const cache = cacheOf(10 * size);
    const version = await newVersion();
    await Promise.all(Array.from({ length: 20 }, () => cache.use(version, scores)));
    await cache.use(version, scores);
    expect(store.reads).toEqual([version.artifactKey]);
    expect(await bytes()).toBe(size);
  });

  it('stays within its bytes and gives up what was used longest ago', async () => {
    const cache = cacheOf(2 * size);
    const [one, two, three] = [await newVersion(), await newVersion(), await newVersion()];
    for (const version of [one, two, one, three, one, two]) await cache.use(version, scores);
    expect(await bytes()).toBe(2 * size);
    // `three` pushed out `two`, which was loaded again in the end.
    expect(store.reads).toEqual([one, two, three, two].map(({ artifactKey }) => artifactKey));
  });

  it('keeps an evaluator usable until its last call has ended, and counts right under pressure', async () => {
    const cache = cacheOf(size);
    const versions = await Promise.all(Array.from({ length: 4 }, newVersion));
    const calls = Array.from({ length: 60 }, (_, i) =>
      cache.use(versions[i % 4]!, async (model) => {
        await new Promise((resolve) => setTimeout(resolve, i % 5));
        return scores(model);
      }),
    );
    const results = await Promise.all(calls);
    expect(new Set(results.map(({ values }) => values[1])).size).toBe(1);
    expect(await bytes()).toBe(size);
    await cache.onApplicationShutdown();
    expect(await bytes()).toBe(0);
  });

  it('names a model that is larger than all of it', async () => {
    const cache = cacheOf(size - 1);
    await expect(cache.use(await newVersion(), scores)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });

  it('does not remember a failed load', async () => {
    const cache = cacheOf(10 * size);
    const version = await newVersion();
    await expect(cache.use({ ...version, artifactSha256: '0'.repeat(64) }, scores)).rejects.toMatchObject({
      code: 'INVALID_STATE',
    });
    await expect(cache.use(version, scores)).resolves.toMatchObject({ rows: 1 });
  });
});
