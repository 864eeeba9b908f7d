import type { DemoModel } from './models.ts';
import type { Session } from './session.ts';
import type { SourceRow } from './source-rows.ts';

/** What was answered and learned of some rows. */
export interface SentTraffic {
  readonly version: number;
  readonly predictions: number;
  readonly outcomes: number;
}

/** What the model is asked about a row. */
export function featuresOf({ features }: DemoModel, { cells }: SourceRow): Record<string, string | number | null> {
  return Object.fromEntries(features.map((name) => [name, cells[name] ?? null]));
}

/**
 * Asks the champion about rows, and then says what was true: the outcome of each row whose target is known, by the
 * correlation id of its prediction.
 * @param batch part of the correlation ids, so that no two batches share one.
 */
export async function sendTraffic(
  session: Session,
  model: DemoModel,
  batch: string,
  rows: readonly SourceRow[],
): Promise<SentTraffic> {
  const idOf = ({ id }: SourceRow): string => `${batch}/${id}`;
  const answer = await session.post(`/v1/models/${model.name}/predict`, {
    rows: rows.map((row) => featuresOf(model, row)),
    correlationIds: rows.map(idOf),
  });
  const outcomes = rows
    .filter(({ cells }) => cells[model.target] !== null)
    .map((row) => ({ correlationId: idOf(row), model: model.name, value: row.cells[model.target] }));
  const report = await session.post('/v1/outcomes', { outcomes });
  return { version: answer.model.version, predictions: answer.predictions.length, outcomes: report.accepted };
}
