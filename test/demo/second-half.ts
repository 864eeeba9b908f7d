import { sendAndAwaitCheck } from './checked-traffic.ts';
import { type ChampionImportance, showImportance } from './importance.ts';
import { type DemoModel, WATCHED } from './models.ts';
import { compareOnUnseenDays } from './quality.ts';
import type { CsvSource } from './csv-source.ts';
import type { Session } from './session.ts';
import type { SourceRow } from './source-rows.ts';
import type { Terminal } from './terminal.ts';
import { type FollowedRetraining, followRetraining } from './retraining.ts';
import { type Checked, nextWindow, watch } from './watch.ts';
import type { WeatherDays } from './weather-days.ts';

/** What a machine may want to check. */
export interface SecondHalf {
  readonly model: string;
  readonly quiet: Checked;
  readonly drift: readonly Checked[];
  readonly retraining: FollowedRetraining;
  readonly quality: Awaited<ReturnType<typeof compareOnUnseenDays>>;
  readonly importance: ChampionImportance;
}

/**
 * The loop closes: traffic with outcomes, checks by the clock, a decision, a retraining, the gate. All the script does
 * is to send traffic and to look; whatever else happens, Boucle does by itself.
 */
export async function runSecondHalf(
  session: Session,
  source: CsvSource,
  days: WeatherDays,
  terminal: Terminal,
): Promise<SecondHalf> {
  const model = WATCHED;
  await watch(session, model, terminal);
  await nextWindow();

  terminal.title(`(a) Traffic: ${days.heldOut.length} other days of Seattle, and how warm they were`);
  const quiet = await sendAndAwaitCheck(session, model, 'a', days.heldOut, terminal);
  expectVerdicts(quiet, 'NO_DRIFT', 'HEALTHY');
  await expectNoRetraining(session, model);
  terminal.line('  no run was started');

  terminal.title(`(b) Traffic from elsewhere: days of New York, in two batches. The source learns of them, too`);
  const [first, second] = days.batches as [readonly SourceRow[], readonly SourceRow[]];
  source.extend([...first, ...second]);
  const once = await sendAndAwaitCheck(session, model, 'b1', first, terminal);
  expectVerdicts(once, 'DRIFT', 'NOT_PERSISTENT');
  const twice = await sendAndAwaitCheck(session, model, 'b2', second, terminal);
  expectVerdicts(twice, 'DRIFT', 'RETRAIN');
  const retraining = await followRetraining(session, model, twice.decision.id, terminal);
  if (retraining.state !== 'PROMOTED') throw new Error(`Retraining ${retraining.id} ended ${retraining.state}`);

  terminal.title(`(c) ${days.unseen.length} days of New York that no training has seen`);
  const quality = await compareOnUnseenDays(
    session,
    model,
    quiet.version,
    retraining.ledgerEntry.version,
    days.unseen,
    terminal,
  );
  const importance = await showImportance(session, model, terminal);
  return { model: model.name, quiet, drift: [once, twice], retraining, quality, importance };
}

function expectVerdicts({ report, decision }: Checked, verdict: string, decided: string): void {
  if (report.verdict === verdict && decision.verdict === decided) return;
  throw new Error(
    `Expected ${verdict} and ${decided}, but report ${report.id} says ${report.verdict} and decision ${decision.id} ${decision.verdict}`,
  );
}

async function expectNoRetraining(session: Session, { name }: DemoModel): Promise<void> {
  const { retrainings } = await session.ask('query ($model: String!) { retrainings(model: $model) { nodes { id } } }', {
    model: name,
  });
  if (retrainings.nodes.length > 0) throw new Error(`Retraining ${retrainings.nodes[0].id} began without drift`);
}
