import type { Signature } from '../../ml/schema/signature.js';
import { WindowSums } from '../counts/batch-counts.js';
import type { LoadedModel } from '../evaluator-cache.js';
import { sampleOf } from '../log-sample.js';
import { readRequest } from '../predict-body.js';
import { checkRequest, hashOf, type PredictionRequest } from '../prediction-request.js';
import { dayOfPredictionId } from '../prediction-id.js';
import { encodeLogRows, type LogRow, logRowOf } from '../prediction-rows.js';
import { type ScoredRow, scoreRows } from '../score-rows.js';
import { type ErrorData, errorData } from './error-data.js';
import type { OpenedBody, OpenOrder, ScoredBody, ScoreOrder } from './thread-messages.js';

/** A version as a thread has it. */
export interface ThreadModel extends LoadedModel {
  readonly signature: Signature;
}

/** @throws AppError BAD_INPUT as {@link readRequest} does. */
export async function openRequest(
  order: OpenOrder,
): Promise<{ readonly request: PredictionRequest; readonly opened: OpenedBody }> {
  const request = readRequest(order.body, order.selector);
  const { rows, algorithm, stage, explain } = request;
  const refusal = refusalOf(request, order.maxRows);
  const opened = {
    rows: rows.length,
    algorithm: algorithm ?? null,
    stage: stage ?? null,
    explain: explain ?? false,
    ...(refusal && { refusal }),
    ...(order.hashed && !refusal && { sha256: await hashOf(request) }),
  };
  return { request, opened };
}

/**
 * Scores the rows, and makes of them all that the process needs: the text of the answer, and the rows of the log.
 * @throws AppError as {@link scoreRows} does; Error once the deadline is over, when nobody waits for it any more.
 */
export async function scoreRequest(
  { rows, correlationIds }: PredictionRequest,
  model: ThreadModel,
  order: ScoreOrder,
): Promise<ScoredBody> {
  const check = (): void => {
    if (now() > order.deadline) throw new Error('The time for these rows is over.');
  };
  const scored = await scoreRows(model.signature, model, rows, { check });
  const latencyUs = Math.round((now() - order.arrivedAt) * 1_000);
  const logRows = scored.rows.map((row, i) => logRowOf(row, order.loggedAs, latencyUs, correlationIds?.[i] ?? null));
  return {
    answer: answerOf(order, scored.rows),
    logged: loggedOf(sampleOf(logRows, order.logShare)),
    milliseconds: scored.milliseconds,
  };
}

function refusalOf(request: PredictionRequest, maxRows: number): ErrorData | undefined {
  try {
    checkRequest(request, maxRows);
    return undefined;
  } catch (error) {
    return errorData(error);
  }
}

/** The JSON of each output is there already, for the log. */
function answerOf({ model }: ScoreOrder, rows: readonly ScoredRow[]): Uint8Array<ArrayBuffer> {
  const predictions = rows.map(({ id, outputJson }) => `{"id":"${id}",${outputJson.slice(1)}`);
  return new TextEncoder().encode(`{"model":${JSON.stringify(model)},"predictions":[${predictions.join()}]}`);
}

function loggedOf(rows: readonly LogRow[]): ScoredBody['logged'] {
  const sums = new WindowSums();
  for (const row of rows) sums.add(row);
  return {
    count: rows.length,
    bytes: encodeLogRows(rows),
    days: [...new Set([rows.at(0), rows.at(-1)].flatMap((row) => (row ? dayOfPredictionId(row.id) : [])))],
    sums: sums.values().map(({ start, rows: count, counts }) => ({ start, rows: count, counts })),
  };
}

/** In ms since 1970, as all threads count it. */
function now(): number {
  return performance.timeOrigin + performance.now();
}
