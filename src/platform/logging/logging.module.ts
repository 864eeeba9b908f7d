import { Module } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { LoggerModule } from 'nestjs-pino';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { AccessLines, currentRequest, pathOf } from './access-lines.js';

/** Headers and fields that may hold credentials never reach the log. */
const SECRET_PATHS = ['req.headers.authorization', 'req.headers.cookie', 'req.headers["x-api-key"]'];

const lines = LoggerModule.forRootAsync({
  inject: [CONFIG],
  useFactory: (config: Config) => ({
    // Its middleware would make a logger for every request.
    forRoutes: [],
    pinoHttp: {
      level: config.LOG_LEVEL,
      redact: SECRET_PATHS,
      // Otherwise the serializers get copies: describeError could not tell an error, and parameters of SQL would show.
      wrapSerializers: false,
      mixin: () => {
        const request = currentRequest();
        return request ? { req: request } : {};
      },
      serializers: {
        err: describeError,
        req: (request: FastifyRequest) => ({ id: request.id, method: request.method, path: pathOf(request) }),
      },
      ...(config.LOG_FORMAT === 'pretty' && {
        transport: {
          target: 'pino-pretty',
          options: { singleLine: true, ignore: 'pid,hostname,req,res,context', messageFormat: '{context} {msg}' },
        },
      }),
    },
  }),
});

/** Structured JSON lines on stdout with the request id; readable lines on a terminal. */
@Module({ imports: [lines], providers: [AccessLines] })
export class LoggingModule {}

/** Only what helps to find the cause: database errors carry their whole client, with its settings, as properties. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code, detail } = error as Error & { code?: unknown; detail?: unknown };
  return {
    type: error.name,
    message: error.message,
    code,
    detail,
    stack: error.stack,
    cause: error.cause === undefined ? undefined : describeError(error.cause),
  };
}
