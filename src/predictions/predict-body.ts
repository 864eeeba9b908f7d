import { parse } from 'secure-json-parse';
import { z } from 'zod';
import { AppError } from '../errors/app-error.js';
import { VERSION_ALGORITHMS } from '../models/algorithm.js';
import type { VersionSelector } from '../models/model-registry.js';
import { STAGES } from '../models/stage.js';
import { parseInput } from '../platform/http/zod.pipe.js';
import type { PredictionRequest } from './prediction-request.js';

/** Body of a request on Boucle's own serving paths. */
export const predictBodySchema = z.strictObject({
  rows: z.array(z.unknown()),
  correlationIds: z.array(z.string()).nullish(),
  algorithm: z.enum(VERSION_ALGORITHMS).nullish(),
  stage: z.enum(STAGES).nullish(),
  explain: z.boolean().nullish(),
});
export type PredictBody = z.infer<typeof predictBodySchema>;

/**
 * A body that came unread, with what its path says of who is to answer.
 * @throws AppError BAD_INPUT as for a body that the server reads: for keys as well that could change an object's
 *   prototype, and for another form.
 */
export function readRequest(body: Uint8Array, selector: VersionSelector): PredictionRequest {
  return { ...selector, ...parseInput(predictBodySchema, readJson(body)) };
}

function readJson(body: Uint8Array): unknown {
  try {
    return parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString());
  } catch {
    throw new AppError('BAD_INPUT', "Body is not valid JSON but content-type is set to 'application/json'");
  }
}
