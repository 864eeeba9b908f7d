import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
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

/** Longer than a route is believed without a sign of life of the listening connection. */
const LONG_MS = 1_500;

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
  let changes: ChangeListener;
  let router: ModelRouter;

  beforeAll(async () => {
    database = await createTestDatabase();
    home = await mkdtemp(join(tmpdir(), 'boucle-router-'));
    const entities = [Model, ModelVersion, Challenge];
    source = await new DataSource({ type: 'postgres', url: database.url, entities, logger: count }).initialize();
    const registry = new ModelRegistry(
      source.getRepository(Model),
      source.getRepository(ModelVersion),
      source.getRepository(Challenge),
    );
    changes = new ChangeListener(loadConfig({ DATABASE_URL: database.url, BOUCLE_SECRET: TEST_SECRET }));
    router = new ModelRouter(registry, changes);
    router.onModuleInit();
    changes.onApplicationBootstrap();
    while (changes.heardAt < 0) await delay(20);
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
