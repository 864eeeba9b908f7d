import { setTimeout as delay } from 'node:timers/promises';
import { findingsOf, type LoadFindings, ticksOf } from '../support/cluster/load-findings.ts';
import { type LoadTarget, type SentLoad, startMixedLoad } from '../support/cluster/mixed-load.ts';
import type { Release } from '../support/cluster/release.ts';
import { MODELS, WATCHED } from './models.ts';
import { secondsSince } from './own-boucle.ts';
import type { Session } from './session.ts';
import type { Terminal } from './terminal.ts';
import { WINDOW_SECONDS } from './watch.ts';

const ROLES = ['api', 'predictor', 'worker', 'scheduler'];
/** Before the first restart and after the last one, so that checks by the clock lie on both sides. */
const CALM_MS = 12_000;

/** What a machine may want to check. */
export interface RollingRestarts {
  readonly exitCodes: Readonly<Record<string, readonly (number | null)[]>>;
  readonly predictions: number;
  readonly queries: number;
  readonly trainings: number;
  readonly extractions: number;
  readonly checks: number;
}

/**
 * Replaces every pod of one role after the other, while clients predict, read, extract and train, and schedulers check.
 * @throws Error if a request failed, or a prediction, a job or a check was lost or came twice.
 */
export async function restartEachRole(
  session: Session,
  release: Release,
  terminal: Terminal,
): Promise<{ restarts: RollingRestarts }> {
  const [model] = MODELS;
  const { name, dataset, row } = model!;
  const { boucle: client, token } = session;
  const target: LoadTarget = { client, token, dataset, model: name, algorithm: 'LOGISTIC_REGRESSION', row };
  terminal.title('A rolling restart of each role, under load');
  const load = startMixedLoad(target);
  await delay(CALM_MS);
  const exitCodes: Record<string, (number | null)[]> = {};
  for (const role of ROLES) {
    const started = performance.now();
    const codes = await release.deploymentOf(role).restart();
    exitCodes[role] = codes;
    terminal.line(`  ${role}: ${codes.length} replaced in ${secondsSince(started)} s, exit codes ${codes.join(', ')}`);
  }
  await delay(CALM_MS);
  const sent = await load.stop();
  const findings = await findingsOf(target, sent);
  const checks = await ticksOf(target, WATCHED.name, sent.since, WINDOW_SECONDS);
  show(sent, findings, checks, terminal);
  const codes = Object.values(exitCodes).flat();
  const problems = [...Object.values(findings), checks.lost, checks.doubled, codes.filter((code) => code !== 0)].flat();
  if (problems.length > 0) throw new Error(`The restarts were noticed: ${problems.slice(0, 10).join('; ')}`);
  const { predictions, queries, trainings, extractions } = sent;
  return {
    restarts: {
      exitCodes,
      predictions: predictions.length,
      queries,
      trainings: trainings.size,
      extractions: extractions.length,
      checks: checks.count,
    },
  };
}

function show(
  sent: SentLoad,
  findings: LoadFindings,
  checks: Awaited<ReturnType<typeof ticksOf>>,
  terminal: Terminal,
): void {
  const { failedRequests, lostPredictions, doubledPredictions, failedJobs, doubledJobs } = findings;
  const jobs = sent.trainings.size + sent.extractions.length;
  terminal.table(
    ['meanwhile', 'done', 'failed or lost', 'doubled'],
    [
      ['requests', sent.predictions.length + sent.queries, failedRequests.length, ''],
      ['rows of the log', sent.predictions.length, lostPredictions.length, doubledPredictions.length],
      ['trainings and extractions', jobs, failedJobs.length, doubledJobs.length],
      ['checks by the clock', checks.count, checks.lost.length, checks.doubled.length],
    ],
  );
}
