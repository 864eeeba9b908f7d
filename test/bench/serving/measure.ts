/** Load on one contender after the other, round by round, and what each request cost. */
import pg from 'pg';
import { processorMs } from '../processor-time.ts';
import { type Exchange, load, type LoadResult } from './load.ts';

const WARM_UP_SECONDS = 3;

/** Somebody who answers. With several servers, the load is divided among them. */
export interface Contender {
  readonly name: string;
  readonly servers: readonly {
    readonly pids: readonly number[];
    readonly port: number;
    readonly exchanges: readonly Exchange[];
  }[];
  /** Read after each round: what else there is to tell. */
  readonly observe?: () => Promise<Readonly<Record<string, number>>>;
}

export interface Measurement {
  readonly requestsPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** Processor time of a request: the servers', and PostgreSQL's. */
  readonly serverUs: number;
  readonly postgresUs: number;
  readonly observed: Readonly<Record<string, number>>;
}

export interface Measured {
  readonly name: string;
  /** One a round. */
  readonly rounds: readonly Measurement[];
}

export interface LoadPlan {
  readonly rounds: number;
  readonly connections: number;
  readonly seconds: number;
}

/** Each goes first in every other round. @param database a connection to the server that the contenders log to. */
export async function holdRounds(
  contenders: readonly Contender[],
  plan: LoadPlan,
  database: pg.Client,
): Promise<Measured[]> {
  for (const contender of contenders) await loadAll(contender, { ...plan, seconds: WARM_UP_SECONDS });
  const rounds = new Map(contenders.map((contender) => [contender, [] as Measurement[]]));
  for (let round = 0; round < plan.rounds; round++) {
    const order = round % 2 === 0 ? contenders : contenders.toReversed();
    for (const contender of order) rounds.get(contender)!.push(await measure(contender, plan, database));
  }
  return Array.from(rounds, ([{ name }, measured]) => ({ name, rounds: measured }));
}

async function measure(contender: Contender, plan: LoadPlan, database: pg.Client): Promise<Measurement> {
  await contender.observe?.();
  const servers = contender.servers.flatMap(({ pids }) => pids);
  const before = await processorMs([...servers, ...(await postgresPids(database))]);
  const results = await loadAll(contender, plan);
  const after = await processorMs([...servers, ...(await postgresPids(database))]);
  const requests = results.reduce((sum, result) => sum + result.requests, 0);
  const used = (isServer: boolean): number => {
    const times = [...after].filter(([pid]) => servers.includes(pid) === isServer);
    return times.reduce((sum, [pid, ms]) => sum + ms - (before.get(pid) ?? 0), 0);
  };
  const milliseconds = Float64Array.from(results.flatMap((result) => [...result.milliseconds])).sort();
  return {
    requestsPerSecond: results.reduce((sum, result) => sum + result.requests / result.seconds, 0),
    p50: quantile(milliseconds, 0.5),
    p99: quantile(milliseconds, 0.99),
    serverUs: (1_000 * used(true)) / requests,
    postgresUs: (1_000 * used(false)) / requests,
    observed: (await contender.observe?.()) ?? {},
  };
}

function loadAll({ servers }: Contender, { connections, seconds }: LoadPlan): Promise<LoadResult[]> {
  const share = Math.ceil(connections / servers.length);
  return Promise.all(servers.map(({ port, exchanges }) => load(port, exchanges, { connections: share, seconds })));
}

async function postgresPids(database: pg.Client): Promise<number[]> {
  const { rows } = await database.query<{ pid: number }>('SELECT pid FROM pg_stat_activity');
  return rows.map(({ pid }) => pid);
}

function quantile(sorted: Float64Array, q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;
}
