import type { IncomingMessage } from 'node:http';
import { DynamicModule, RequestMethod } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';

/** Headers and fields that may hold credentials never reach the log. */
const SECRET_PATHS = ['req.headers.authorization', 'req.headers.cookie', 'req.headers["x-api-key"]'];

const QUIET_PATHS = /^\/(health|metrics|graphiql)/;

/** Structured JSON lines on stdout with the request id; readable lines on a terminal. */
export const LoggingModule: DynamicModule = LoggerModule.forRootAsync({
  inject: [CONFIG],
  useFactory: (config: Config) => ({
    // The module's own default matches nothing on Fastify.
    forRoutes: [{ path: '*path', method: RequestMethod.ALL }],
    pinoHttp: {
      level: config.LOG_LEVEL,
      redact: SECRET_PATHS,
      // Otherwise the serializers get copies: describeError could not tell an error, and parameters of SQL would show.
      wrapSerializers: false,
      // Fastify has already given the request its id; both must name the same one.
      genReqId: (request) => request.id,
      autoLogging: { ignore: (request) => QUIET_PATHS.test(pathOf(request)) },
      customSuccessMessage: (request, response) => `${request.method} ${pathOf(request)} ${response.statusCode}`,
      customAttributeKeys: { responseTime: 'ms' },
      serializers: {
        err: describeError,
        req: (request: IncomingMessage) => ({ id: request.id, method: request.method, path: pathOf(request) }),
        res: (response: { statusCode: number }) => ({ status: response.statusCode }),
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

/** Without the query, which may hold a secret. Middleware sees `url` cut down to what its own path leaves. */
function pathOf({ originalUrl, url }: IncomingMessage & { originalUrl?: string }): string {
  return (originalUrl ?? url ?? '').split('?')[0]!;
}

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
