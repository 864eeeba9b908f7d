import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { BoucleClient } from '../boucle-process.ts';

const PREDICTING_CLIENTS = 4;
const ASKING_CLIENTS = 2;
/** Between two requests of a client, so that a small machine has time for the restarts. */
const PAUSE_MS = 100;
/** The same between two jobs, which cost much more. */
const PAUSE_OF_JOBS_MS = 1_500;
const POLL_MS = 250;
/** A job that has not ended by then is lost. */
const PATIENCE_MS = 120_000;
const ENDS: ReadonlySet<string> = new Set(['SUCCEEDED', 'FAILED', 'CANCELLED', 'READY', 'UNCHANGED']);

/** Whom the load comes from, and what it is about. */
export interface LoadTarget {
  readonly client: BoucleClient;
  readonly token: string;
  /** Is extracted anew, if its source is one that can be. */
  readonly dataset?: string;
  /** Has a champion. */
  readonly model: string;
  readonly algorithm: string;
  readonly row: object;
}

/** What was asked for, and what came of it. */
export interface SentLoad {
  readonly since: Date;
  /** Correlation ids of answered predictions. */
  readonly predictions: readonly string[];
  readonly queries: number;
  /** States that trainings ended in, or were left in, by run. */
  readonly trainings: ReadonlyMap<string, string>;
  /** The same of extractions. */
  readonly extractions: readonly string[];
  /** Requests that failed, in words. */
  readonly failures: readonly string[];
}

/**
 * Clients that predict and clients that read, one request after the other, and beside them one that extracts and one that
 * trains, one job after the other. None of them tries anything twice.
 */
export function startMixedLoad(target: LoadTarget): { stop(): Promise<SentLoad> } {
  const { client, token, dataset, model, algorithm, row } = target;
  const since = new Date();
  const predictions: string[] = [];
  const extractions: string[] = [];
  const trainings = new Map<string, string>();
  const failures: string[] = [];
  let queries = 0;
  let running = true;

  const repeat = async (turn: () => Promise<void>, pause = PAUSE_MS): Promise<void> => {
    while (running) {
      await turn().catch((error: unknown) => {
        const { message, cause } = error as Error;
        failures.push(`${new Date().toISOString()} ${message} ${cause instanceof Error ? cause.message : ''}`);
      });
      await delay(pause);
    }
  };
  const ask = (query: string, variables: object): Promise<any> => client.ask(query, variables, token);
  const stateAtEnd = async (query: string, id: string): Promise<string> => {
    for (const deadline = Date.now() + PATIENCE_MS; ;) {
      const { state } = (await ask(query, { id })).job;
      if (ENDS.has(state) || Date.now() > deadline) return state;
      await delay(POLL_MS);
    }
  };

  const predict = async (): Promise<void> => {
    const id = randomUUID();
    const response = await client.fetch(`/v1/models/${model}/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ rows: [row], correlationIds: [id] }),
      token,
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`predict: ${response.status} ${text}`);
    predictions.push(id);
  };
  const read = async (): Promise<void> => {
    await ask('query ($model: String!) { model(name: $model) { name champion { version } } }', { model });
    queries++;
  };
  const extract = async (): Promise<void> => {
    const { job } = await ask('mutation ($dataset: String!) { job: extractDataset(dataset: $dataset) { id } }', {
      dataset,
    });
    extractions.push(await stateAtEnd('query ($id: ID!) { job: datasetVersion(id: $id) { state } }', job.id));
  };
  const train = async (): Promise<void> => {
    const input = { model, algorithms: [algorithm], seed: 42 };
    const { jobs } = await ask('mutation ($input: StartTrainingInput!) { jobs: startTraining(input: $input) { id } }', {
      input,
    });
    const [{ id }] = jobs;
    trainings.set(id, await stateAtEnd('query ($id: ID!) { job: trainingRun(id: $id) { state } }', id));
  };

  const clients = [
    ...Array.from({ length: PREDICTING_CLIENTS }, () => repeat(predict)),
    ...Array.from({ length: ASKING_CLIENTS }, () => repeat(read)),
    ...(dataset === undefined ? [] : [repeat(extract, PAUSE_OF_JOBS_MS)]),
    repeat(train, PAUSE_OF_JOBS_MS),
  ];
  return {
    stop: async () => {
      running = false;
      await Promise.all(clients);
      return { since, predictions, queries, trainings, extractions, failures };
    },
  };
}
