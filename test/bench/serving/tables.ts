/** What is compared with what. Each table starts its servers, measures them in turn, and ends them. */
import type pg from 'pg';
import { registerModel } from '../served-forest.ts';
import { residentKilobytes } from '../training/memory.ts';
import type { BenchSet } from '../training/sets.ts';
import { exchangesOf, graphql, type Questions, rest } from './exchanges.ts';
import { SMALL_FOREST, trainForest } from './forest.ts';
import { load } from './load.ts';
import { type Contender, holdRounds, type LoadPlan, type Measured } from './measure.ts';
import type { Pin } from './pinning.ts';
import { loopDelays, scrape } from './scrape.ts';
import { type BoucleSettings, type Server, startOurs } from './servers.ts';

/** What all tables share. */
export interface Bench {
  readonly pin: Pin;
  readonly plan: LoadPlan;
  readonly database: pg.Client;
  readonly databaseUrl: string;
  readonly home: string;
  readonly key: string;
  readonly set: BenchSet;
  readonly ours: Questions;
  readonly say: (text: string) => void;
  /** A folder for CPU profiles of our servers. */
  readonly profile: string | undefined;
}

export interface Table {
  readonly title: string;
  readonly goal?: string;
  /** How a row is compared with the first one: its requests/s by theirs, or the other way round. */
  readonly ratio: 'OF_FIRST' | 'FIRST_IS';
  readonly rows: readonly Measured[];
  readonly notes: readonly string[];
}

export const MODEL = 'bench';
const ROWS = [1, 10, 100, 1_000];
/** Connections that ask for one row each, and others with rows of their own number. */
const BESIDE = { single: 16, large: 4, rows: 1_000 } as const;
const LOOP_GOAL = 'nothing holds the event loop longer than 20 ms';
const MODELS = 1_000;
const SOAK_SAMPLES = 10;

type Settings = Partial<Pick<BoucleSettings, 'role' | 'env'>>;

/** Runs `work` with servers of ours, which end with it. */
export async function withServers<Result>(
  bench: Bench,
  settings: readonly Settings[],
  work: (servers: readonly Server[]) => Promise<Result>,
): Promise<Result> {
  const { databaseUrl, home, pin, profile } = bench;
  const profiled = profile !== undefined && { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profile}` };
  const servers: Server[] = [];
  try {
    for (const { env, ...own } of settings) {
      servers.push(await startOurs(pin, { databaseUrl, home, ...own, env: { ...env, ...profiled } }));
    }
    return await work(servers);
  } finally {
    for (const server of servers) await server.stop();
  }
}

/** Ours, asked over its own REST path. */
export function restContender(name: string, servers: readonly Server[], bench: Bench, rows = 1): Contender {
  const protocol = rest(MODEL, bench.key);
  return {
    name,
    servers: servers.map((server) => ({
      ...server,
      exchanges: exchangesOf(server.port, bench.ours, protocol, { rows }),
    })),
  };
}

export function logModes(bench: Bench): Promise<Table> {
  const modes = ['durable', 'async', 'sampled'];
  const settings = modes.map((mode) => ({ env: { PREDICTION_LOG_MODE: mode } }));
  return withServers(bench, settings, async (servers) => {
    const contenders = servers.map((server, i) => restContender(modes[i]!, [server], bench));
    const rows = await holdRounds(contenders, bench.plan, bench.database);
    return { title: 'Log modes; sampled logs a tenth', ratio: 'OF_FIRST', rows, notes: [] };
  });
}

export function graphqlAndRest(bench: Bench): Promise<Table> {
  return withServers(bench, [{ role: 'all' }], async (servers) => {
    const [server] = servers as [Server];
    const exchanges = exchangesOf(server.port, bench.ours, graphql(MODEL, bench.key));
    const contenders = [
      restContender('REST', servers, bench),
      { name: 'GraphQL', servers: [{ ...server, exchanges }] },
    ];
    const rows = await holdRounds(contenders, bench.plan, bench.database);
    const goal = 'GraphQL ≥ 0.6 of the requests/s of REST';
    return { title: 'GraphQL beside REST, on one process with all roles', goal, ratio: 'OF_FIRST', rows, notes: [] };
  });
}

export function rowsPerRequest(bench: Bench): Promise<Table> {
  return withServers(bench, [{}], async (servers) => {
    const [{ port }] = servers as [Server];
    const contenders = ROWS.map((rows) => ({
      ...restContender(`${rows} rows a request`, servers, bench, rows),
      observe: () => loopDelays(port),
    }));
    const rows = await holdRounds(contenders, bench.plan, bench.database);
    return {
      title: 'Rows a request, and delays of the event loop',
      goal: LOOP_GOAL,
      ratio: 'OF_FIRST',
      rows,
      notes: [],
    };
  });
}

/** What those who ask for one row notice of others who ask for many. */
export function besideLargeRequests(bench: Bench): Promise<Table> {
  const { single, large, rows: largeRows } = BESIDE;
  return withServers(bench, [{}], async (servers) => {
    const [{ port }] = servers as [Server];
    const exchanges = exchangesOf(port, bench.ours, rest(MODEL, bench.key), { rows: largeRows });
    const observe = () => loopDelays(port);
    const contenders = [
      { ...restContender(`${single} connections, 1 row`, servers, bench), observe },
      {
        ...restContender(`the same beside ${large} with ${largeRows} rows`, servers, bench),
        beside: { port, exchanges, connections: large },
        observe,
      },
    ];
    const rows = await holdRounds(contenders, { ...bench.plan, connections: single }, bench.database);
    const notes = ['Figures are those of the requests of one row.'];
    return { title: 'One row beside large requests', goal: LOOP_GOAL, ratio: 'OF_FIRST', rows, notes };
  });
}

/** A thousand registered models, each of them asked, beside one of them asked alone. */
export async function manyModels(bench: Bench): Promise<Table> {
  const small = await trainForest(bench.set, SMALL_FOREST);
  const names = Array.from({ length: MODELS }, (_, i) => `small-${i}`);
  bench.say(`registering ${MODELS} models`);
  await registerModel(bench.database, bench.home, small, names);
  return withServers(bench, [{}], async (servers) => {
    const [server] = servers as [Server];
    const ask = (model: string) =>
      exchangesOf(server.port, { set: bench.set, expected: small.expected }, rest(model, bench.key));
    const all = names.map((name, i) => ask(name)[i % 100]!);
    bench.say(`loading ${MODELS} models`);
    await load(server.port, all, { connections: 8, seconds: 20 });
    const observe = async () => ({
      'models in memory, MB': (await scrape(server.port))['boucle_evaluator_cache_bytes']! / 1e6,
      'RSS, MB': ((await residentKilobytes(server.pids[0])) ?? NaN) / 1e3,
    });
    const contenders = [
      { name: '1 model', servers: [{ ...server, exchanges: ask(names[0]!) }], observe },
      { name: `${MODELS} models`, servers: [{ ...server, exchanges: all }], observe },
    ];
    const rows = await holdRounds(contenders, bench.plan, bench.database);
    const title = `One and ${MODELS} models in one process, forests of ${SMALL_FOREST.trees} trees of depth ${SMALL_FOREST.maxDepth}`;
    return { title, goal: 'p99 ≤ 1.5 × that of one model', ratio: 'OF_FIRST', rows, notes: [] };
  });
}

/** Memory of the process while it is under load. */
export function soak(bench: Bench, seconds: number): Promise<Table> {
  return withServers(bench, [{}], async (servers) => {
    const [server] = servers as [Server];
    const { exchanges } = restContender('', servers, bench).servers[0]!;
    const megabytes: number[] = [];
    let requests = 0;
    for (let sample = 0; sample <= SOAK_SAMPLES; sample++) {
      megabytes.push(((await residentKilobytes(server.pids[0])) ?? NaN) / 1e3);
      if (sample === SOAK_SAMPLES) break;
      bench.say(`${sample} of ${SOAK_SAMPLES} parts, ${megabytes.at(-1)!.toFixed(0)} MB`);
      const { connections } = bench.plan;
      requests += (await load(server.port, exchanges, { connections, seconds: seconds / SOAK_SAMPLES })).requests;
    }
    const series = megabytes.map((value) => value.toFixed(0)).join(', ');
    const notes = [`${requests} requests in ${seconds} s. RSS in MB, at the start and after each tenth: ${series}`];
    return { title: 'Memory under load', ratio: 'OF_FIRST', rows: [], notes };
  });
}
