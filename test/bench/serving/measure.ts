/** Load on one contender after the other, round by round, and what each request cost. */
import pg from 'pg';
import { processorMs } from '../processor-time.ts';
import { type Exchange, load, type LoadResult } from './load.ts';

/**
 * Every contender is under load, before its first round, until each of its servers has used so much processor time on
 * it: engines compile what has run often, and of two servers on one core each takes twice as long to get there.
 */
export const WARM_UP = { processorSeconds: 15, longestSeconds: 60, sliceSeconds: 2 } as const;

interface Target {
  readonly port: number;
  readonly exchanges: readonly Exchange[];
}

/** Somebody who answers. With several servers, the load is divided among them. */
export interface Contender {
  readonly name: string;
  readonly servers: readonly (Target & { readonly pids: readonly number[] })[];
  /** Other requests at the same time, which are not measured themselves. Processor time is that of both, so it is not told. */
  readonly beside?: Target & { readonly connections: number };
  /** Read after each round: what else there is to tell. */
  readonly observe?: () => Promise<Readonly<Record<string, number>>>;
}

export interface Measurement {
  readonly requestsPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** Processor time of a request: the servers', and PostgreSQL's; NaN where it is not only that of these requests. */
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
  for (const contender of contenders) await warmUp(contender, plan);
  const rounds = new Map(contenders.map((contender) => [contender, [] as Measurement[]]));
  for (let round = 0; round < plan.rounds; round++) {
    const order = round % 2 === 0 ? contenders : contenders.toReversed();
    for (const contender of order) rounds.get(contender)!.push(await measure(contender, plan, database));
  }
  return Array.from(rounds, ([{ name }, measured]) => ({ name, rounds: measured }));
}

async function warmUp(contender: Contender, plan: LoadPlan): Promise<void> {
  const { processorSeconds, longestSeconds, sliceSeconds } = WARM_UP;
  const used = (): Promise<number[]> => Promise.all(contender.servers.map(({ pids }) => totalMs(pids)));
  const before = await used();
  const deadline = performance.now() + 1_000 * longestSeconds;
  let isWarm = false;
  while (!isWarm && performance.now() < deadline) {
    await loadAll(contender, { ...plan, seconds: sliceSeconds });
    isWarm = (await used()).every((ms, i) => ms - before[i]! >= 1_000 * processorSeconds);
  }
}

async function totalMs(pids: readonly number[]): Promise<number> {
  return [...(await processorMs(pids)).values()].reduce((sum, ms) => sum + ms, 0);
}

async function measure(contender: Contender, plan: LoadPlan, database: pg.Client): Promise<Measurement> {
  await contender.observe?.();
  const servers = contender.servers.flatMap(({ pids }) => pids);
  const before = await processorMs([...servers, ...(await postgresPids(database))]);
  const { results, beside } = await loadAll(contender, plan);
  const after = await processorMs([...servers, ...(await postgresPids(database))]);
  const requests = results.reduce((sum, result) => sum + result.requests, 0);
  const used = (isServer: boolean): number => {
    if (beside) return NaN;
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
    observed: {
      ...(await contender.observe?.()),
      ...(beside && { 'other requests/s': beside.requests / beside.seconds }),
    },
  };
}

interface LoadResults {
  /** One a server. */
  readonly results: readonly LoadResult[];
  readonly beside: LoadResult | undefined;
}

async function loadAll({ servers, beside }: Contender, { connections, seconds }: LoadPlan): Promise<LoadResults> {
  const share = Math.ceil(connections / servers.length);
  const [others, ...results] = await Promise.all([
    beside && load(beside.port, beside.exchanges, { connections: beside.connections, seconds }),
    ...servers.map(({ port, exchanges }) => load(port, exchanges, { connections: share, seconds })),
  ]);
  return { results, beside: others };
}

async function postgresPids(database: pg.Client): Promise<number[]> {
  const { rows } = await database.query<{ pid: number }>('SELECT pid FROM pg_stat_activity');
  return rows.map(({ pid }) => pid);
}

function quantile(sorted: Float64Array, q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;
}
