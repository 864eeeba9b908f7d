import { MODELS, type WeatherModel } from './models.ts';
import type { Session } from './session.ts';
import type { Terminal } from './terminal.ts';

/** Asks the champion and each algorithm for the same row, over REST and over GraphQL. Returns the prediction ids. */
export async function predict(session: Session, terminal: Terminal): Promise<string[]> {
  const ids: string[] = [];
  for (const model of MODELS) {
    terminal.title(`Predicting ${model.about} for ${JSON.stringify(model.row)}`);
    const champion = await session.post(`/v1/models/${model.name}/predict`, { rows: [model.row] });
    const answers = [champion];
    for (const algorithm of model.algorithms) answers.push(await predictWith(session, model, algorithm));
    terminal.table(
      ['asked for', 'served by', 'version', 'answer'],
      answers.map((answer, index) => [
        index === 0 ? 'champion (REST)' : model.algorithms[index - 1]!,
        answer.model.algorithm,
        answer.model.version,
        describe(answer.predictions[0]),
      ]),
    );
    ids.push(...answers.map((answer) => answer.predictions[0].id));
  }
  return ids;
}

/** Shows the newest entries of the log and checks that every answer is among them. */
export async function showLog(session: Session, ids: readonly string[], terminal: Terminal): Promise<number> {
  terminal.title('The prediction log');
  const { predictions } = await session.ask(
    '{ predictions(first: 20) { nodes { id time model { name version algorithm } value probabilities latencyMs } } }',
  );
  terminal.table(
    ['time', 'model', 'version', 'answer', 'ms'],
    predictions.nodes.map((entry: any) => [
      entry.time,
      entry.model.name,
      entry.model.version,
      describe(entry),
      entry.latencyMs,
    ]),
  );
  const logged = new Set(predictions.nodes.map(({ id }: { id: string }) => id));
  const missing = ids.filter((id) => !logged.has(id));
  if (missing.length > 0) throw new Error(`Answered but not in the log: ${missing.join(', ')}`);
  return logged.size;
}

async function predictWith(session: Session, model: WeatherModel, algorithm: string): Promise<any> {
  const { predict } = await session.ask(
    `mutation ($input: PredictInput!) {
      predict(input: $input) { model { name version algorithm } predictions { id value probabilities } }
    }`,
    { input: { model: model.name, algorithm, rows: [model.row] } },
  );
  return predict;
}

function describe({
  value,
  probabilities,
}: {
  value: string | number;
  probabilities?: Record<string, number>;
}): string {
  if (typeof value === 'number') return value.toFixed(1);
  const probability = probabilities?.[value];
  return probability === undefined ? value : `${value} (${Math.round(probability * 100)} %)`;
}
