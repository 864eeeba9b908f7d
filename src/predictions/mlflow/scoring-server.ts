import type { FastifyInstance } from 'fastify';
import type { Config } from '../../config/config.js';
import { AppError } from '../../errors/app-error.js';
import type { Evaluator } from '../../ml/schema/evaluator.js';
import type { Signature } from '../../ml/schema/signature.js';
import { createHttpAdapter } from '../../platform/http/http-adapter.js';
import { outputsOfRows } from '../score-rows.js';
import { readInvocation } from './invocation.js';

/** SageMaker's limit on the body of an invocation. */
const MAX_BODY_BYTES = 6_291_456;

export interface ScoredModel {
  readonly signature: Signature;
  readonly evaluator: Evaluator;
}

/**
 * The HTTP server of SageMaker's hosting contract, for one model and without a database: nothing is logged.
 * `GET /ping` answers as soon as it listens, because it only does when the model is loaded.
 */
export function createScoringServer({ signature, evaluator }: ScoredModel, config: Config): FastifyInstance {
  const server = createHttpAdapter({ ...config, BODY_LIMIT_BYTES: MAX_BODY_BYTES }).getInstance<FastifyInstance>();
  server.setNotFoundHandler(({ method, url }) => {
    throw new AppError('NOT_FOUND', `There is no ${method} ${url}. This server has GET /ping and POST /invocations.`);
  });
  server.get('/ping', () => ({}));
  server.post('/invocations', { config: { csvBody: true } }, async ({ headers, body }) => {
    const rows = await readInvocation(signature, { contentType: headers['content-type'], body });
    const outputs = await outputsOfRows(signature, evaluator, rows);
    return { predictions: outputs.map(({ value }) => value) };
  });
  return server;
}
