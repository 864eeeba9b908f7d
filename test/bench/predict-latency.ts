/**
 * Latency of a single-row prediction over REST on an idle process, logged before it is answered.
 * Run `npm run build`, then `node test/bench/predict-latency.ts [requests]`.
 */
import { Agent, request } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { type Boucle, runBoucle, startBoucle, TEST_SECRET } from '../support/boucle-process.ts';
import { DEPTH, freshRow, registerForest, signUp, TREES } from './served-forest.ts';

const WARM_UP = 500;
const requests = Number(process.argv[2] ?? 2_000);

const built = (path: string): Promise<unknown> => import(new URL(`../../dist/${path}`, import.meta.url).href);
const { startEmbeddedPostgres } = (await built(
  'platform/database/embedded/embedded-postgres.js',
)) as typeof import('../../src/platform/database/embedded/embedded-postgres.ts');

/** One request on a kept-alive connection; milliseconds until the whole answer is there. */
function predict(agent: Agent, url: string, token: string): Promise<number> {
  const body = JSON.stringify({ rows: [freshRow()] });
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const call = request(`${url}/v1/models/bench/predict`, { method: 'POST', agent, headers }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
      answer.on('end', () => {
        if (answer.statusCode === 200 && text.includes('"value"')) resolve(performance.now() - started);
        else reject(new Error(text));
      });
    });
    call.on('error', reject);
    call.end(body);
  });
}

function quantile(sorted: readonly number[], q: number): string {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!.toFixed(2);
}

async function measure(boucle: Boucle, token: string): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const times: number[] = [];
  for (let i = 0; i < WARM_UP; i++) await predict(agent, boucle.url, token);
  for (let i = 0; i < requests; i++) {
    times.push(await predict(agent, boucle.url, token));
    if (i % 20 === 19) await delay(20); // Idle, not busy: the load generator pauses.
  }
  agent.destroy();
  return times.sort((a, b) => a - b);
}

function report(sorted: readonly number[]): void {
  process.stdout.write(
    `${requests} single-row predictions, ${TREES} trees of depth ${DEPTH}, each logged:\n` +
      `p50 ${quantile(sorted, 0.5)} ms, p90 ${quantile(sorted, 0.9)} ms, p99 ${quantile(sorted, 0.99)} ms, max ${quantile(sorted, 1)} ms\n`,
  );
}

async function bench(home: string, databaseUrl: string): Promise<void> {
  await runBoucle(['migrate'], { DATABASE_URL: databaseUrl, BOUCLE_SECRET: TEST_SECRET });
  const database = new pg.Client({ connectionString: databaseUrl });
  await database.connect();
  const boucle = await startBoucle({ databaseUrl, home, env: { REGISTRATION: 'open' } });
  try {
    await registerForest(database, home);
    report(await measure(boucle, await signUp(boucle, database)));
    const { rows } = await database.query<{ n: number; bytes: number }>(
      `SELECT (SELECT count(*)::int FROM prediction) AS n,
         (SELECT sum(pg_total_relation_size(relid))::float FROM pg_partition_tree('prediction')) AS bytes`,
    );
    const { n = 0, bytes = 0 } = rows[0] ?? {};
    if (n !== WARM_UP + requests) throw new Error(`${n} predictions are in the log`);
    process.stdout.write(`${(bytes / n).toFixed(0)} bytes of the database for each of them, with its indexes\n`);
  } finally {
    await boucle.stop();
    await database.end();
  }
}

const home = await mkdtemp(join(tmpdir(), 'boucle-bench-'));
const server = await startEmbeddedPostgres(home);
try {
  await bench(home, server.url);
} finally {
  await server.stop();
  await rm(home, { recursive: true, force: true });
}
