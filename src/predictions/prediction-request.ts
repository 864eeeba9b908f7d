import { AppError } from '../errors/app-error.js';
import type { VersionSelector } from '../models/model-registry.js';
import { requestHash } from './idempotency/claim.js';

const MAX_CORRELATION_ID = 200;
const MAX_EXPLAINED_ROWS = 100;
/** NUL and unpaired surrogates, which PostgreSQL's text can't hold. */
const UNSTORABLE = /\0|\p{Surrogate}/u;

/** Rows to predict, however they came in: own REST, GraphQL, and every further protocol. */
export interface PredictionRequest extends VersionSelector {
  readonly rows: readonly unknown[];
  /** The caller's own name for each row. */
  readonly correlationIds?: readonly string[] | null;
  /** Whether to tell what each column contributed to each score. */
  readonly explain?: boolean | null;
}

/** @throws AppError LIMIT_EXCEEDED or BAD_INPUT for what can be told without knowing the model. */
export function checkRequest({ rows, correlationIds, explain }: PredictionRequest, maxRows: number): void {
  checkRowCount(rows.length, maxRows);
  if (explain && rows.length > MAX_EXPLAINED_ROWS) {
    throw new AppError(
      'LIMIT_EXCEEDED',
      `${rows.length} rows with explanations are too many: at most ${MAX_EXPLAINED_ROWS} are taken. Split them over several requests, or ask without \`explain\`.`,
      { limit: 'rows', rows: rows.length, maxRows: MAX_EXPLAINED_ROWS },
    );
  }
  if (!correlationIds) return;
  if (correlationIds.length !== rows.length) {
    throw new AppError(
      'BAD_INPUT',
      `There are ${correlationIds.length} correlationIds for ${rows.length} rows. Send one per row, or none at all.`,
    );
  }
  correlationIds.forEach(checkCorrelationId);
}

/** The same for requests that ask for the same. */
export function hashOf(request: PredictionRequest): Promise<Buffer> {
  const { model, version, algorithm, stage, explain, correlationIds, rows } = request;
  const about = [
    'predict',
    model,
    version ?? null,
    algorithm ?? null,
    stage ?? null,
    explain ?? false,
    correlationIds ?? null,
  ];
  return requestHash(about, rows);
}

/** @throws AppError BAD_INPUT for no rows, LIMIT_EXCEEDED for too many. */
export function checkRowCount(rows: number, maxRows: number): void {
  if (rows === 0) throw new AppError('BAD_INPUT', 'rows is empty. Send at least one row to predict.');
  if (rows <= maxRows) return;
  throw new AppError(
    'LIMIT_EXCEEDED',
    `${rows} rows in one request are too many: at most ${maxRows} are taken (PREDICTION_MAX_ROWS). Split them over several requests.`,
    { limit: 'rows', rows, maxRows },
  );
}

function checkCorrelationId(id: string, row: number): void {
  if (id !== '' && id.length <= MAX_CORRELATION_ID && !UNSTORABLE.test(id)) return;
  throw new AppError(
    'BAD_INPUT',
    `correlationIds[${row}] must have 1 to ${MAX_CORRELATION_ID} characters, without NUL characters or broken surrogate pairs.`,
  );
}
