import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { AbstractLogger, DataSource } from 'typeorm';
import { loadConfig } from '../../src/config/config.js';
import { Challenge } from '../../src/models/challenge.entity.js';
import { ModelRegistry } from '../../src/models/model-registry.js';
import { ModelVersion } from '../../src/models/model-version.entity.js';
import { Model } from '../../src/models/model.entity.js';
import { ChangeListener } from '../../src/platform/events/change-listener.js';
import { ModelRouter } from '../../src/predictions/model-router.js';
import { TEST_SECRET } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { registerVersion, TEMPERATURE } from '../support/served-model.js';
import { startTransactionPooler } from '../support/transaction-pooler.js';

/** Longer than a route is believed without a sign of life of the listening connection. */
const LONG_MS = 1_500;
/** Longer than a route is believed behind a pooler. */
const LATER_MS = 60_000;

class QueryCount extends AbstractLogger {
  queries = 0;

  override logQuery(): void {
    this.queries++;
  }

  protected writeLog(): void {}
}

describe('routes in memory', () => {
  const count = new QueryCount();
  let database: TestDatabase;
  let source: DataSource;
  let home: string;
  let registry: ModelRegistry;
  let changes: ChangeListener;
  let router: ModelRouter;

  const listenOn = async (url: string): Promise<ChangeListener> => {
    const listener = new ChangeListener(loadConfig({ DATABASE_URL: url, BOUCLE_SECRET: TEST_SECRET }));
    listener.onApplicationBootstrap();
    while (listener.heardAt < 0) await delay(20);
    return listener;
  };

  beforeAll(async () => {
    database = await createTestDatabase();
    home = await mkdtemp(join(tmpdir(), 'boucle-router-'));
    const entities = [Model, ModelVersion, Challenge];
    source = await new DataSource({ type: 'postgres', url: database.url, entities, logger: count }).initialize();
    registry = new ModelRegistry(
      source.getRepository(Model),
      source.getRepository(ModelVersion),
      source.getRepository(Challenge),
    );
    changes = await listenOn(database.url);
    router = new ModelRouter(registry, changes);
    router.onModuleInit();
  });

  afterAll(async () => {
    await changes.beforeApplicationShutdown();
    await source.destroy();
    await database.drop();
    await rm(home, { recursive: true, force: true });
  });

  const register = (model: string) => registerVersion(database, home, { model, signature: TEMPERATURE });

  const queriesOf = async (work: () => Promise<unknown>): Promise<number> => {
    const before = count.queries;
    await work();
    return count.queries - before;
  };

  /** Runs `work` as if a minute had passed, with a connection that has given signs of life. */
  const later = async (listener: ChangeListener, work: () => Promise<void>): Promise<void> => {
    const now = performance.now.bind(performance);
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => now() + LATER_MS);
    try {
      while (listener.heardAt < performance.now() - LONG_MS) await delay(20);
      await work();
    } finally {
      clock.mockRestore();
      while (listener.heardAt > performance.now()) await delay(20);
    }
  };

  it('are read once for requests at the same time, and not again while nothing changes', async () => {
    await register('quiet');
    await register('other');
    await delay(100); // Until the notices of these two have come.
    const first = await queriesOf(() => Promise.all([1, 2, 3].map(() => router.resolve({ model: 'quiet' }))));
    expect(first).toBeGreaterThan(0);
    expect(await queriesOf(() => router.resolve({ model: 'other' }))).toBe(first);
    await delay(LONG_MS);
    expect(await queriesOf(() => router.resolve({ model: 'quiet' }))).toBe(0);
  });

  it('are not read again after any time while nothing changes', async () => {
    expect(await queriesOf(() => router.resolve({ model: 'other' }))).toBe(0);
    await later(changes, async () => {
      expect(await queriesOf(() => router.resolve({ model: 'other' }))).toBe(0);
    });
  });

  it('are read again after a while behind a pooler, which may swallow notices', async () => {
    const pooler = await startTransactionPooler(database.url);
    const pooled = await listenOn(pooler.url);
    const behind = new ModelRouter(registry, pooled);
    try {
      await behind.resolve({ model: 'other' });
      expect(await queriesOf(() => behind.resolve({ model: 'other' }))).toBe(0);
      await later(pooled, async () => {
        expect(await queriesOf(() => behind.resolve({ model: 'other' }))).toBeGreaterThan(0);
      });
    } finally {
      await pooled.beforeApplicationShutdown();
      await pooler.stop();
    }
  });

  it('of a model are forgotten with its change, and only those', async () => {
    await database.query(`UPDATE model_version SET stage = 'RETIRED'
      WHERE model_id = (SELECT id FROM model WHERE name = 'quiet')`);
    await delay(100);
    await expect(router.resolve({ model: 'quiet' })).rejects.toMatchObject({ code: 'INVALID_STATE' });
    expect(await queriesOf(() => router.resolve({ model: 'other' }))).toBe(0);
  });

  it('are read again every second where nobody listens', async () => {
    await changes.beforeApplicationShutdown();
    expect(await queriesOf(() => router.resolve({ model: 'other' }))).toBe(0);
    await delay(LONG_MS);
    expect(await queriesOf(() => router.resolve({ model: 'other' }))).toBeGreaterThan(0);
    expect(await queriesOf(() => router.resolve({ model: 'other' }))).toBe(0);
  });
});
