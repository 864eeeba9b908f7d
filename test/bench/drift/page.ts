/** The page of a report: a scheduled check of a whole day makes it, and it is read over HTTP as a browser does. */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { type Boucle, startBoucle } from '../../support/boucle-process.ts';
import { signUp } from '../served-forest.ts';

/** Checks are made at every tenth second. */
const CHECKED_WITHIN_MS = 30_000;

export interface PageTiming {
  readonly predictions: number;
  readonly bytes: number;
  readonly milliseconds: number[];
}

/** @param model has predictions in the day that ends with the last full hour. */
export async function measurePage(databaseUrl: string, home: string, model: string, runs: number): Promise<PageTiming> {
  const database = new pg.Client({ connectionString: databaseUrl });
  await database.connect();
  const boucle = await startBoucle({ databaseUrl, home, env: { REGISTRATION: 'open' } });
  try {
    const token = await signUp(boucle, database);
    const { id, rows } = await checkOnce(boucle, database, model, token);
    const milliseconds: number[] = [];
    let bytes = 0;
    for (let run = -1; run < runs; run++) {
      const began = performance.now();
      const response = await boucle.fetch(`/reports/${id}`, { token });
      bytes = (await response.arrayBuffer()).byteLength;
      if (response.status !== 200) throw new Error(`the page was answered with ${response.status}`);
      // The first one compiles.
      if (run >= 0) milliseconds.push(performance.now() - began);
    }
    return { predictions: rows, bytes, milliseconds };
  } finally {
    await boucle.stop();
    await database.end();
  }
}

async function checkOnce(
  boucle: Boucle,
  database: pg.Client,
  model: string,
  token: string,
): Promise<{ id: string; rows: number }> {
  // A window begins no earlier than its champion.
  await database.query(`UPDATE model_version SET created_at = now() - interval '2 days'`);
  await boucle.ask(
    'mutation ($input: MonitoringPolicyInput!) { setMonitoringPolicy(input: $input) { id } }',
    { input: { model, cron: '*/10 * * * * *', windowSeconds: 86_400, persistence: null } },
    token,
  );
  for (const deadline = Date.now() + CHECKED_WITHIN_MS; Date.now() < deadline;) {
    const { rows } = await database.query<{ id: string; rows: number }>(
      'SELECT id, rows::int FROM drift_report LIMIT 1',
    );
    if (rows[0]) {
      await boucle.ask('mutation ($model: String!) { removeMonitoringPolicy(model: $model) }', { model }, token);
      return rows[0];
    }
    await delay(100);
  }
  throw new Error(`no check was made:\n${boucle.output()}`);
}
