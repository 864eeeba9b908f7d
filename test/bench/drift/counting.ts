/**
 * CPU time of a prediction, with and without counting. Two servers on one database take the same load in turn; what is
 * measured is the server and every process of PostgreSQL, from /proc. Linux only.
 */
import { Agent, request } from 'node:http';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import pg from 'pg';
import { type Boucle, startBoucle } from '../../support/boucle-process.ts';
import { processorMs } from '../processor-time.ts';
import { freshRow, registerForest, signUp } from '../served-forest.ts';

const CONNECTIONS = 8;
const WARM_UP = 2_000;

export interface CountingCost {
  readonly predictions: number;
  /** Of one prediction, for each block of them: CPU time of the server, and of it and PostgreSQL together. */
  readonly withCounting: readonly Cpu[];
  readonly withoutCounting: readonly Cpu[];
}

export interface Cpu {
  readonly serverUs: number;
  readonly allUs: number;
}

export async function measureCounting(
  databaseUrl: string,
  home: string,
  { blocks, blockRows }: { readonly blocks: number; readonly blockRows: number },
): Promise<CountingCost> {
  const database = new pg.Client({ connectionString: databaseUrl });
  await database.connect();
  const patch = pathToFileURL(join(import.meta.dirname, 'without-counting.ts')).href;
  const options = { databaseUrl, home, role: 'predictor' };
  const api = await startBoucle({ databaseUrl, home, env: { REGISTRATION: 'open' } });
  const token = await prepare(api, database, home);
  const servers = [
    await startBoucle(options),
    await startBoucle({ ...options, env: { NODE_OPTIONS: `--import ${patch}` } }),
  ];
  try {
    for (const server of servers) await load(server, token, WARM_UP);
    const used: Cpu[][] = [[], []];
    for (let block = 0; block < blocks; block++) {
      // Each goes first in every other round: the log grows, and what comes later has a little more to do.
      for (const i of block % 2 === 0 ? [0, 1] : [1, 0]) {
        used[i]!.push(await measure(servers[i]!, database, () => load(servers[i]!, token, blockRows), blockRows));
      }
    }
    await checkCounts(database, blocks * blockRows + WARM_UP);
    return { predictions: blocks * blockRows, withCounting: used[0]!, withoutCounting: used[1]! };
  } finally {
    for (const server of servers) await server.stop();
    await database.end();
  }
}

/** The role that migrates, registers users and has schedules ends before anything is measured. */
async function prepare(api: Boucle, database: pg.Client, home: string): Promise<string> {
  try {
    await registerForest(database, home);
    return await signUp(api, database);
  } finally {
    await api.stop();
  }
}

/** The server that counts has counted each of its predictions, the other one none. */
async function checkCounts(database: pg.Client, expected: number): Promise<void> {
  const { rows } = await database.query<{ counted: number; logged: number }>(
    `SELECT (SELECT sum(rows)::int FROM window_counts c JOIN model m ON m.id = c.model_id WHERE m.name = 'bench') AS counted,
       (SELECT count(*)::int FROM prediction p JOIN model m ON m.id = p.model_id WHERE m.name = 'bench') AS logged`,
  );
  const { counted, logged } = rows[0]!;
  if (counted === expected && logged === 2 * expected) return;
  throw new Error(`${counted} predictions are counted and ${logged} logged, not ${expected} and ${2 * expected}`);
}

async function measure(server: Boucle, database: pg.Client, work: () => Promise<void>, rows: number): Promise<Cpu> {
  const before = await cpuMs(server, database);
  await work();
  const after = await cpuMs(server, database);
  // A process of PostgreSQL that began meanwhile has used all of its time here; one that ended can't be asked any more.
  let all = 0;
  for (const [pid, ms] of after) all += ms - (before.get(pid) ?? 0);
  const own = after.get(server.child.pid!)! - before.get(server.child.pid!)!;
  return { serverUs: (own * 1_000) / rows, allUs: (all * 1_000) / rows };
}

/** By process: the server, and those of PostgreSQL that its statistics name, such as backends and writers. */
async function cpuMs(server: Boucle, database: pg.Client): Promise<Map<number, number>> {
  const { rows } = await database.query<{ pid: number }>('SELECT pid FROM pg_stat_activity');
  return processorMs([server.child.pid!, ...rows.map((row) => row.pid)]);
}

async function load(server: Boucle, token: string, requests: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  let left = requests;
  const client = async (): Promise<void> => {
    while (left-- > 0) await predict(agent, server.url, token);
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, client));
  agent.destroy();
}

/** A single row. */
function predict(agent: Agent, url: string, token: string): Promise<void> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  return new Promise((resolve, reject) => {
    const call = request(`${url}/v1/models/bench/predict`, { method: 'POST', agent, headers }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
      answer.on('end', () => {
        if (answer.statusCode === 200) resolve();
        else reject(new Error(text));
      });
    });
    call.on('error', reject);
    call.end(JSON.stringify({ rows: [freshRow()] }));
  });
}
