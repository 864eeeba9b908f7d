import { startBoucle } from '../support/boucle-process.js';
import { createTestDatabase } from '../support/database.js';
import { startProxy } from '../support/tcp-proxy.js';

it('readiness follows the database, and the log gets the changes, not the probes', async () => {
  const database = await createTestDatabase();
  const proxy = await startProxy(database.url);
  const boucle = await startBoucle({ databaseUrl: proxy.url, role: 'predictor' });
  const probe = async (): Promise<number> => (await boucle.fetch('/health/ready')).status;
  expect(await probe()).toBe(200);
  await proxy.cut();
  for (let i = 0; i < 4; i++) expect(await probe()).toBe(503);
  const refused = await boucle.fetch('/health/ready');
  expect(await refused.json()).toMatchObject({ error: { code: 'UNAVAILABLE', requestId: expect.any(String) } });
  await proxy.restore();
  for (let i = 0; i < 100 && (await probe()) !== 200; i++) await new Promise((resolve) => setTimeout(resolve, 100));
  expect(await probe()).toBe(200);
  expect(boucle.output().match(/not ready: /g)).toHaveLength(1);
  expect(boucle.output().match(/ready again/g)).toHaveLength(1);
  await boucle.stop();
  await proxy.cut();
  await database.drop();
});
