import type { Session } from './session.ts';
import type { Terminal } from './terminal.ts';

const FINAL = new Set(['SUCCEEDED', 'FAILED', 'CANCELLED']);

interface DemoModel {
  readonly name: string;
  readonly about: string;
  readonly task: 'CLASSIFICATION' | 'REGRESSION';
  readonly target: string;
  readonly features: readonly string[];
  readonly algorithms: readonly string[];
  readonly metrics: readonly string[];
  readonly row: Readonly<Record<string, unknown>>;
}

/** Neither location nor date is a feature: the models shall learn weather, not where or when it was. */
const MODELS: readonly DemoModel[] = [
  {
    name: 'seattle-weather',
    about: 'the kind of weather',
    task: 'CLASSIFICATION',
    target: 'weather',
    features: ['precipitation', 'temp_max', 'temp_min', 'wind'],
    algorithms: ['LOGISTIC_REGRESSION', 'RANDOM_FOREST'],
    metrics: ['log_loss', 'accuracy', 'roc_auc'],
    row: { precipitation: 8.4, temp_max: 9.1, temp_min: 4.2, wind: 5.0 },
  },
  {
    name: 'seattle-temperature',
    about: 'the maximum temperature',
    task: 'REGRESSION',
    target: 'temp_max',
    features: ['precipitation', 'temp_min', 'wind', 'weather'],
    algorithms: ['LINEAR_REGRESSION', 'RANDOM_FOREST'],
    metrics: ['rmse', 'mae', 'r2'],
    row: { precipitation: 0, temp_min: 12.2, wind: 2.1, weather: 'sun' },
  },
];

/** Extracts, trains, predicts, and reads the log. Returns what a machine may want to check. */
export async function runFirstHalf(session: Session, sourceUrl: string, terminal: Terminal): Promise<object> {
  const version = await extract(session, sourceUrl, terminal);
  const models = [];
  for (const model of MODELS) models.push(await trainAndPredict(session, model, terminal));
  terminal.title('The prediction log');
  const { predictions } = await session.ask(
    `{ predictions(first: 10) { nodes { id model { name } version algorithm output latencyMs createdAt } } }`,
  );
  terminal.table(
    ['time', 'model', 'algorithm', 'answer', 'ms'],
    predictions.nodes.map((entry: any) => [
      entry.createdAt,
      entry.model.name,
      entry.algorithm,
      answerOf(entry.output.value),
      entry.latencyMs,
    ]),
  );
  return { dataset: { name: 'seattle', version }, models, logged: predictions.nodes.length };
}
