import { Logger as NestLogger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Logger } from 'nestjs-pino';
import { AppModule, ProcessRole } from '../app.module.js';
import type { Config } from '../config/config.js';
import { AppError } from '../errors/app-error.js';
import { ensureSchema } from '../platform/database/migrate.js';
import { createHttpAdapter } from '../platform/http/http-adapter.js';

/** A role that listens. */
export interface Application {
  readonly logger: NestLogger;
  /** Stops taking requests, then ends after the answers in flight and the running jobs. */
  close(): Promise<void>;
}

/** Boots the modules of a role and listens. */
export async function startApplication(role: ProcessRole, config: Config): Promise<Application> {
  await ensureSchema(config);
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.forRole(role, config),
    createHttpAdapter(config),
    { bufferLogs: true, abortOnError: false },
  );
  app.useLogger(app.get(Logger));
  try {
    await app.listen(config.PORT, config.HOST);
  } catch (error) {
    await app.close();
    throw portProblem(error, config);
  }
  const logger = new NestLogger('Boucle');
  const url = await app.getUrl();
  logger.log(`${role} listens on ${url}`);
  if (config.GRAPHIQL && (role === 'all' || role === 'api')) logger.log(`GraphiQL: ${url}/graphiql`);
  return { logger, close: () => app.close() };
}

function portProblem(error: unknown, config: Config): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return error;
  return new AppError('CONFLICT', `Port ${config.PORT} is taken by another process. Set PORT to another one.`);
}
