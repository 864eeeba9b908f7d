import type { DemoModel } from './models.ts';
import type { Session } from './session.ts';
import type { SourceRow } from './source-rows.ts';
import type { Terminal } from './terminal.ts';
import { featuresOf } from './traffic.ts';

export interface Quality {
  readonly version: number;
  readonly algorithm: string;
  readonly rmse: number;
  readonly mae: number;
  readonly r2: number;
}

/** Asks two versions about the same days and compares their answers with what the days were like. */
export async function compareOnUnseenDays(
  session: Session,
  model: DemoModel,
  before: number,
  after: number,
  days: readonly SourceRow[],
  terminal: Terminal,
): Promise<{ days: number; before: Quality; after: Quality }> {
  const [old, fresh] = [await measure(session, model, before, days), await measure(session, model, after, days)];
  terminal.table(
    ['champion', 'version', 'algorithm', 'rmse', 'mae', 'r2'],
    [
      ['before', old.version, old.algorithm, old.rmse, old.mae, old.r2],
      ['after', fresh.version, fresh.algorithm, fresh.rmse, fresh.mae, fresh.r2],
    ],
  );
  if (!(fresh.rmse < old.rmse)) throw new Error(`Version ${after} is no better than version ${before}`);
  return { days: days.length, before: old, after: fresh };
}

/** How far a version's answers are from what was true, where that is known. */
export async function measure(
  session: Session,
  model: DemoModel,
  version: number,
  rows: readonly SourceRow[],
): Promise<Quality> {
  const known = rows.filter(({ cells }) => cells[model.target] !== null);
  const answer = await session.post(`/v1/models/${model.name}/versions/${version}/predict`, {
    rows: known.map((row) => featuresOf(model, row)),
  });
  const truths = known.map(({ cells }) => Number(cells[model.target]));
  const errors = truths.map((truth, i) => answer.predictions[i].value - truth);
  const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const squared = meanOf(errors.map((error) => error ** 2));
  const centre = meanOf(truths);
  return {
    version,
    algorithm: answer.model.algorithm,
    rmse: Math.sqrt(squared),
    mae: meanOf(errors.map(Math.abs)),
    r2: 1 - squared / meanOf(truths.map((truth) => (truth - centre) ** 2)),
  };
}
