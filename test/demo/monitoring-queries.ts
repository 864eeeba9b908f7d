import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Release } from '../support/cluster/release.ts';
import { monitoringFindings } from '../support/monitoring-findings.ts';
import { hasCommand } from '../support/peers.ts';
import { type Prometheus, startPrometheus } from '../support/prometheus.ts';
import type { Terminal } from './terminal.ts';

const RULES = fileURLToPath(new URL('../../helm/boucle/files/alerts.yaml', import.meta.url));
/** The loop has no challengers, and no run is under way. */
const OCCASIONAL = [
  'boucle_canary_fallbacks_total',
  'boucle_shadow_predictions_total',
  'boucle_training_oldest_seconds',
];
/** What the database says is read every five seconds, and scraped a second later. */
const SCRAPED_MS = 7_000;

/** A Prometheus for the pods of a release, where one is installed. */
export async function watchRelease(release: Release, terminal: Terminal): Promise<Prometheus | undefined> {
  if (hasCommand('prometheus')) {
    return startPrometheus(
      release.processes().map(({ url }) => new URL(url).host),
      RULES,
    );
  }
  terminal.line('  no Prometheus here: what dashboards and alerts ask is not tried');
  return undefined;
}

/**
 * Asks what dashboards and alerts ask.
 * @throws Error if a query of a dashboard has no answer, or any names a metric or label that nothing exports.
 */
export async function askEveryQuery(
  prometheus: Prometheus,
  release: Release,
  terminal: Terminal,
): Promise<{ monitoring: { queries: number; alerts: number } }> {
  terminal.title('A Prometheus is asked what dashboards and alerts ask');
  await delay(SCRAPED_MS);
  const { queries, alerts, empty, unknown } = await monitoringFindings(prometheus, release.processes(), OCCASIONAL);
  if (empty.length > 0) throw new Error(`Queries without an answer:\n${empty.join('\n')}`);
  if (unknown.length > 0) throw new Error(`Metrics and labels that nothing exports:\n${unknown.join('\n')}`);
  terminal.line(`  ${queries} queries of dashboards and ${alerts} alerts: every metric and label exists`);
  return { monitoring: { queries, alerts } };
}
