import { resolve } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { type Config, loadConfig } from '../config/config.js';
import { AppError } from '../errors/app-error.js';
import { readModelFolder } from '../models/artifact/model-folder.js';
import { createEvaluatorInPlace } from '../models/evaluation/create-evaluator.js';
import { errorCode } from '../platform/http/outbound-request.js';
import { createScoringServer } from '../predictions/mlflow/scoring-server.js';
import { layoutOf } from '../training/container/layout.js';
import { onStopSignal } from './on-stop-signal.js';

/**
 * Serves the model on the container layout under `root` as SageMaker's hosting wants it, until SIGTERM.
 * @throws AppError INVALID_STATE if there is no whole model, CONFLICT if the port is taken.
 */
export async function serveModel(root: string, port: string): Promise<void> {
  const config = loadConfig({ HOST: '0.0.0.0', ...process.env, PORT: port });
  const { manifest, onnx } = await readModelFolder(layoutOf(resolve(root)).model);
  const evaluator = await createEvaluatorInPlace(onnx);
  const server = createScoringServer({ signature: manifest.signature, evaluator }, config);
  const address = await listen(server, config);
  process.stdout.write(`${manifest.algorithm} of ${manifest.signature.target} listens on ${address}\n`);
  onStopSignal(config.SHUTDOWN_TIMEOUT_SECONDS, async () => {
    await server.close();
    await evaluator.dispose();
  });
}

async function listen(server: FastifyInstance, { HOST: host, PORT: port }: Config): Promise<string> {
  try {
    return await server.listen({ port, host });
  } catch (error) {
    if (errorCode(error) !== 'EADDRINUSE') throw error;
    throw new AppError('CONFLICT', `Port ${port} is taken by another process. Choose another one with --port.`);
  }
}
