import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { ProcessRole } from '../../src/app.module.js';
import { loadConfig } from '../../src/config/config.js';
import { TEST_SECRET } from '../support/boucle-process.js';

/**
 * Every route that a role puts on its HTTP server, as `METHOD /pattern`. Fastify itself reports them when they
 * are added, whoever adds them. A HEAD route beside a GET route is the same handler.
 */
export async function servedRoutes(databaseUrl: string, home: string, role: ProcessRole = 'all'): Promise<string[]> {
  // The built program, as the other processes of the tests run it: the files of GraphiQL exist only there.
  const { AppModule } = await built<typeof import('../../src/app.module.js')>('app.module.js');
  const { createHttpAdapter } = await built<typeof import('../../src/platform/http/http-adapter.js')>(
    'platform/http/http-adapter.js',
  );
  const config = loadConfig({ DATABASE_URL: databaseUrl, BOUCLE_SECRET: TEST_SECRET, BOUCLE_HOME: home });
  const adapter = createHttpAdapter(config);
  const routes = new Set<string>();
  adapter.getInstance().addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) routes.add(`${one} ${url}`);
  });
  const options = { logger: false, abortOnError: false } as const;
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.forRole(role, config), adapter, options);
  await app.init();
  await adapter.getInstance().ready();
  await app.close();
  return [...routes].filter((route) => !(route.startsWith('HEAD ') && routes.has(route.replace('HEAD', 'GET'))));
}

async function built<Module>(file: string): Promise<Module> {
  return (await import(`../../dist/${file}`)) as Module;
}
