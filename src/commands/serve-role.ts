import { Logger as NestLogger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Logger } from 'nestjs-pino';
import { AppModule, ProcessRole } from '../app.module.js';
import { Config, loadConfig } from '../config/config.js';
import { AppError } from '../errors/app-error.js';
import { ensureSchema } from '../platform/database/migrate.js';
import { openDatabase } from '../platform/database/open-database.js';
import { createHttpAdapter } from '../platform/http/http-adapter.js';

/** Serves a role until SIGTERM or SIGINT, then drains: answers in flight finish, running jobs end or are handed back. */
export async function serve(role: ProcessRole): Promise<void> {
  const database = await openDatabase(loadConfig(process.env));
  const { config } = database;
  let app: NestFastifyApplication;
  try {
    await ensureSchema(config);
    app = await start(role, config);
  } catch (error) {
    await database.close();
    throw error;
  }
  const logger = new NestLogger('Boucle');
  logger.log(`${role} listens on ${await app.getUrl()}`);
  if (role === 'all' && config.GRAPHIQL) logger.log(`GraphiQL: ${await app.getUrl()}/graphiql`);
  void database.died?.then((lastWords) => {
    logger.fatal(`The embedded PostgreSQL ended by itself. Start Boucle again. ${lastWords}`);
    process.exit(1);
  });
  onStopSignal(async () => {
    await app.close();
    await database.close();
  }, config);
}

async function start(role: ProcessRole, config: Config): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.forRole(role, config),
    createHttpAdapter(config),
    { bufferLogs: true, abortOnError: false },
  );
  app.useLogger(app.get(Logger));
  try {
    await app.listen(config.PORT, config.HOST);
    return app;
  } catch (error) {
    await app.close();
    throw portProblem(error, config);
  }
}

function portProblem(error: unknown, config: Config): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return error;
  return new AppError('CONFLICT', `Port ${config.PORT} is taken by another process. Set PORT to another one.`);
}

function onStopSignal(stop: () => Promise<void>, config: Config): void {
  let stopping = false;
  const handle = (): void => {
    if (stopping) process.exit(1); // A second Ctrl-C means now.
    stopping = true;
    // Jobs get the shutdown time; some more for what closes after them.
    setTimeout(() => process.exit(1), (config.SHUTDOWN_TIMEOUT_SECONDS + 20) * 1000).unref();
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        new NestLogger('Boucle').error({ err: error }, 'the shutdown failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', handle);
  process.on('SIGINT', handle);
}
