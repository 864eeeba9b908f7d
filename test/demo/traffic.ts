import type { DemoModel } from './models.ts';
import type { Session } from './session.ts';
import type { Day } from './weather-days.ts';

const NUMBERS = new Set(['precipitation', 'temp_max', 'temp_min', 'wind']);

/** The day's cell as JSON has it. */
export function valueOf(day: Day, column: string): string | number {
  const cell = day.cells[column]!;
  return NUMBERS.has(column) ? Number(cell) : cell;
}

export function rowOf(model: DemoModel, day: Day): Record<string, string | number> {
  return Object.fromEntries(model.features.map((name) => [name, valueOf(day, name)]));
}

/**
 * Asks the champion about days, and then says what it was: every outcome by the correlation id of its prediction.
 * @param batch part of the correlation ids, so that no two batches share one.
 */
export async function sendTraffic(
  session: Session,
  model: DemoModel,
  batch: string,
  days: readonly Day[],
): Promise<{ version: number; predictions: number; outcomes: number }> {
  const idOf = ({ cells }: Day): string => `${batch}/${cells['location']}/${cells['date']}`;
  const answer = await session.post(`/v1/models/${model.name}/predict`, {
    rows: days.map((day) => rowOf(model, day)),
    correlationIds: days.map(idOf),
  });
  const outcomes = days.map((day) => ({
    correlationId: idOf(day),
    model: model.name,
    value: valueOf(day, model.target),
  }));
  const report = await session.post('/v1/outcomes', { outcomes });
  return { version: answer.model.version, predictions: answer.predictions.length, outcomes: report.accepted };
}
