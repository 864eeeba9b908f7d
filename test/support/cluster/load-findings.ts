import type { LoadTarget, SentLoad } from './mixed-load.ts';

const PAGE = 200;

/** What must not have happened; all of it is empty if nothing did. */
export interface LoadFindings {
  readonly failedRequests: readonly string[];
  /** Answered but not in the log, or there more than once. */
  readonly lostPredictions: readonly string[];
  readonly doubledPredictions: readonly string[];
  /** Jobs that did not end as they should. */
  readonly failedJobs: readonly string[];
  /** Runs that nobody asked for, and versions that came of several. */
  readonly doubledJobs: readonly string[];
}

/** Compares what clients of a load know with what the installation says of it afterwards. */
export async function findingsOf(target: LoadTarget, sent: SentLoad): Promise<LoadFindings> {
  const logged = await nodesSince(target, LOG, sent.since, ({ time }) => time);
  const times = new Map<string, number>();
  for (const { correlationId } of logged) times.set(correlationId, (times.get(correlationId) ?? 0) + 1);
  const runs = await nodesSince(target, RUNS, sent.since, ({ createdAt }) => createdAt);
  const versions = runs.flatMap(({ version }) => (version ? [version.version] : []));
  return {
    failedRequests: sent.failures,
    lostPredictions: sent.predictions.filter((id) => !times.has(id)),
    doubledPredictions: [...times].filter(([, count]) => count > 1).map(([id]) => id),
    failedJobs: [
      ...[...sent.trainings.values()].filter((state) => state !== 'SUCCEEDED'),
      ...sent.extractions.filter((state) => state !== 'READY' && state !== 'UNCHANGED'),
    ],
    doubledJobs: [
      ...runs.filter(({ id }) => !sent.trainings.has(id)).map(({ id }) => `run ${id}`),
      ...versions
        .filter((version, index) => versions.indexOf(version) !== index)
        .map((version) => `version ${version}`),
    ],
  };
}

/** Ticks of a policy's checks since some moment: those that were missed, and those that came twice. */
export async function ticksOf(
  target: LoadTarget,
  model: string,
  since: Date,
  seconds: number,
): Promise<{ count: number; lost: string[]; doubled: string[] }> {
  const reports = await nodesSince({ ...target, model }, REPORTS, since, ({ tick }) => tick);
  const ticks = reports.map(({ tick }) => Date.parse(tick)).sort((a, b) => a - b);
  const iso = (time: number): string => new Date(time).toISOString();
  const between = ticks.slice(1).map((tick, index) => ({ tick, passed: (tick - ticks[index]!) / 1000 }));
  return {
    count: ticks.length,
    lost: between.filter(({ passed }) => passed > seconds).map(({ tick }) => iso(tick - seconds * 1000)),
    doubled: between.filter(({ passed }) => passed === 0).map(({ tick }) => iso(tick)),
  };
}

const LOG = `predictions(first: ${PAGE}, after: $after, filter: { model: $model }) { nodes { id time correlationId }`;
const RUNS = `trainingRuns(first: ${PAGE}, after: $after, model: $model) { nodes { id createdAt version { version } }`;
const REPORTS = `driftReports(first: ${PAGE}, after: $after, model: $model) { nodes { id tick }`;

/** Pages, newest first, back to some moment. */
async function nodesSince(
  { client, token, model }: LoadTarget,
  list: string,
  since: Date,
  timeOf: (node: any) => string,
): Promise<any[]> {
  const query = `query ($model: String!, $after: String) { page: ${list} pageInfo { endCursor hasNextPage } } }`;
  const found: any[] = [];
  for (let after: string | null = null; ;) {
    const { page }: any = await client.ask(query, { model, after }, token);
    found.push(...page.nodes.filter((node: any) => Date.parse(timeOf(node)) >= since.getTime()));
    if (!page.pageInfo.hasNextPage || found.length === 0 || Date.parse(timeOf(page.nodes.at(-1))) < since.getTime())
      return found;
    after = page.pageInfo.endCursor;
  }
}
