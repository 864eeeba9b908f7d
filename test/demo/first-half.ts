import { extract } from './extract.ts';
import { MODELS } from './models.ts';
import { predict, showLog } from './predict.ts';
import type { Session } from './session.ts';
import type { Terminal } from './terminal.ts';
import { train, type TrainedModel } from './train.ts';

/** Extracts, trains, predicts, and reads the log. Returns what a machine may want to check. */
export async function runFirstHalf(session: Session, sourceUrl: string, terminal: Terminal): Promise<object> {
  const version = await extract(
    session,
    { name: 'seattle', about: 'the weather of Seattle', url: sourceUrl },
    terminal,
  );
  const models: TrainedModel[] = [];
  for (const model of MODELS) models.push(await train(session, model, terminal));
  const predictions = await predict(session, terminal);
  const logged = await showLog(session, predictions, terminal);
  return { dataset: { name: 'seattle', ...version }, models, predictions, logged };
}
