import type { DemoModel } from './models.ts';
import type { Session } from './session.ts';
import type { Terminal } from './terminal.ts';

const FINAL = new Set(['SUCCEEDED', 'FAILED', 'CANCELLED']);
const RUNS = `query ($model: String!) {
  trainingRuns(model: $model, first: 10) {
    nodes { id algorithm state message failure version { version } metrics { name holdout baseline } }
  }
  promotions(model: $model, first: 1) { nodes { id action version reason } }
}`;

export interface TrainedModel {
  readonly name: string;
  readonly champion: { readonly version: number; readonly algorithm: string };
  readonly runs: readonly { id: string; algorithm: string; version: number; metrics: Record<string, number> }[];
}

/** Creates the model, trains every algorithm on it, and waits for the gate's decision. */
export async function train(session: Session, model: DemoModel, terminal: Terminal): Promise<TrainedModel> {
  const { name, dataset, task, target, features, algorithms } = model;
  terminal.title(`Training ${name}: ${model.about} from ${features.join(', ')}`);
  await session.ask('mutation ($input: CreateModelInput!) { createModel(input: $input) { id } }', {
    input: { name, task, dataset, target, features },
  });
  await session.ask('mutation ($input: StartTrainingInput!) { startTraining(input: $input) { id } }', {
    input: { model: name, algorithms, seed: 42 },
  });
  const { trainingRuns, promotions } = await session.until(
    RUNS,
    { model: name },
    (data) => hasFailed(data.trainingRuns.nodes) || data.promotions.nodes.length > 0,
    (data) => {
      terminal.progress(data.trainingRuns.nodes.map(describe).join('   '));
    },
  );
  const failed = trainingRuns.nodes.find((run: any) => run.failure);
  if (failed) throw new Error(`The training of ${failed.algorithm} failed: ${failed.failure}`);
  showMetrics(model, trainingRuns.nodes, terminal);
  const [decision] = promotions.nodes;
  terminal.line(`  gate: version ${decision.version}, ${decision.action.toLowerCase()}: ${decision.reason}`);
  const answer = await session.ask('query ($name: String!) { model(name: $name) { champion { version algorithm } } }', {
    name,
  });
  return { name, champion: answer.model.champion, runs: trainingRuns.nodes.map(toRun) };
}

function showMetrics(model: DemoModel, runs: readonly any[], terminal: Terminal): void {
  const rows = runs.map((run) => [
    run.algorithm,
    run.version.version,
    ...model.metrics.map((metric) => valueOf(run, metric, 'holdout')),
  ]);
  const baseline = ['(best constant)', '', ...model.metrics.map((metric) => valueOf(runs[0], metric, 'baseline'))];
  terminal.table(
    ['algorithm', 'version', ...model.metrics.map((metric) => `${metric} on holdout`)],
    [...rows, baseline],
  );
}

function valueOf(run: any, metric: string, of: 'holdout' | 'baseline'): number {
  return run.metrics.find(({ name }: { name: string }) => name === metric)?.[of];
}

function toRun(run: any): TrainedModel['runs'][number] {
  const metrics = Object.fromEntries(run.metrics.map((metric: any) => [metric.name, metric.holdout]));
  return { id: run.id, algorithm: run.algorithm, version: run.version.version, metrics };
}

function hasFailed(runs: readonly { state: string; failure: string | null }[]): boolean {
  return runs.every(({ state }) => FINAL.has(state)) && runs.some(({ failure }) => failure !== null);
}

function describe(run: { algorithm: string; state: string; message: string }): string {
  return `${run.algorithm.toLowerCase()}: ${FINAL.has(run.state) ? run.state.toLowerCase() : run.message}`;
}
