import { labelsIn, metricsIn, type MonitoringQuery, queriesOf } from '../helm/queries.ts';
import type { BoucleClient } from './boucle-process.ts';
import type { Prometheus } from './prometheus.ts';

/** A dashboard shows what was, also of a model that has just been replaced and is not measured yet. */
const RANGE_SECONDS = 600;

/** What dashboards and alerts ask of a Prometheus, and ask in vain. */
export interface MonitoringFindings {
  readonly queries: number;
  readonly alerts: number;
  /** Queries of dashboards without an answer. */
  readonly empty: readonly string[];
  /** Metrics and labels of any query that nothing exports. */
  readonly unknown: readonly string[];
}

/**
 * @param processes that the Prometheus scrapes.
 * @param occasional parts of queries whose answer is not there at every moment: such a query may be empty, and its labels
 *   unknown. Its metrics are not.
 */
export async function monitoringFindings(
  prometheus: Prometheus,
  processes: readonly Pick<BoucleClient, 'fetch'>[],
  occasional: readonly string[],
): Promise<MonitoringFindings> {
  const queries = ['models', 'operations'].flatMap(queriesOf);
  const { groups } = await prometheus.get('rules');
  const alerts: MonitoringQuery[] = groups
    .flatMap(({ rules }: any) => rules)
    .map(({ name, query }: any) => ({ where: name, query }));
  const isOccasional = ({ query }: MonitoringQuery): boolean => occasional.some((part) => query.includes(part));
  const lasting = queries.filter((query) => !isOccasional(query));
  const all = [...queries, ...alerts];
  return {
    queries: queries.length,
    alerts: alerts.length,
    empty: await unanswered(prometheus, lasting),
    unknown: [
      ...unknownMetrics(await exportedBy(processes), all),
      ...(await unknownLabels(
        prometheus,
        all.filter((query) => !isOccasional(query)),
      )),
    ],
  };
}

async function exportedBy(processes: readonly Pick<BoucleClient, 'fetch'>[]): Promise<string> {
  const pages = await Promise.all(processes.map(async (one) => (await one.fetch('/metrics')).text()));
  return pages.join('\n');
}

async function unanswered(prometheus: Prometheus, queries: readonly MonitoringQuery[]): Promise<string[]> {
  const empty: string[] = [];
  const end = Date.now() / 1000;
  const range = { start: String(end - RANGE_SECONDS), end: String(end), step: '2' };
  for (const { where, query } of queries) {
    const { result } = await prometheus.get('query_range', { query: query.replace(/ > 0$/, ''), ...range });
    if (result.length === 0) empty.push(`${where}: ${query}`);
  }
  return empty;
}

function unknownMetrics(exported: string, queries: readonly MonitoringQuery[]): string[] {
  const isExported = (name: string): boolean =>
    [name, name.replace(/_(bucket|count|sum)$/, '')].some((metric) => exported.includes(`# TYPE ${metric} `));
  return queries.flatMap(({ where, query }) =>
    metricsIn(query)
      .filter((name) => !isExported(name))
      .map((name) => `${where}: ${name}`),
  );
}

async function unknownLabels(prometheus: Prometheus, queries: readonly MonitoringQuery[]): Promise<string[]> {
  const labels = new Map<string, Promise<string[]>>();
  const labelsOf = (metric: string): Promise<string[]> => {
    if (!labels.has(metric)) labels.set(metric, labelsOfSeries(prometheus, metric));
    return labels.get(metric)!;
  };
  const unknown: string[] = [];
  for (const { where, query } of queries) {
    for (const [metric, asked] of labelsIn(query)) {
      const owners = metric === '' ? metricsIn(query) : [metric];
      const known = (await Promise.all(owners.map(labelsOf))).flat();
      unknown.push(...asked.filter((label) => !known.includes(label)).map((label) => `${where}: ${metric}{${label}}`));
    }
  }
  return unknown;
}

async function labelsOfSeries(prometheus: Prometheus, metric: string): Promise<string[]> {
  const series: Record<string, string>[] = await prometheus.get('series', { 'match[]': metric });
  return series.flatMap((one) => Object.keys(one));
}
