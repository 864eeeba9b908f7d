import { setImmediate } from 'node:timers/promises';
import { AppError } from '../../errors/app-error.js';
import type { Signature } from '../../ml/schema/signature.js';
import type { LoadedModel } from '../evaluator-cache.js';
import { type ScoredRow, scoreRows } from '../score-rows.js';

/** Rows tried one by one between two turns of the event loop. */
const TURN_ROWS = 64;

/**
 * Scores the rows that a version takes. What another version of the model takes may be refused here: a value may be
 * missing where it never was when this one was trained.
 * @returns for each row its score; undefined where it is refused.
 */
export async function scoreTaken(
  signature: Signature,
  model: LoadedModel,
  rows: readonly unknown[],
): Promise<(ScoredRow | undefined)[]> {
  const together = await unlessRefused(signature, model, rows);
  if (together) return [...together];
  const scored: (ScoredRow | undefined)[] = [];
  for (const row of rows) {
    if (scored.length % TURN_ROWS === TURN_ROWS - 1) await setImmediate();
    const [own] = (await unlessRefused(signature, model, [row])) ?? [];
    scored.push(own);
  }
  return scored;
}

async function unlessRefused(
  signature: Signature,
  model: LoadedModel,
  rows: readonly unknown[],
): Promise<readonly ScoredRow[] | undefined> {
  try {
    return (await scoreRows(signature, model, rows)).rows;
  } catch (error) {
    if (error instanceof AppError && error.code === 'BAD_INPUT') return undefined;
    throw error;
  }
}
