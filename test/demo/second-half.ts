import { type DemoModel, WATCHED } from './models.ts';
import { compareOnUnseenDays } from './quality.ts';
import type { Session } from './session.ts';
import type { Terminal } from './terminal.ts';
import { sendTraffic } from './traffic.ts';
import { type FollowedRetraining, followRetraining } from './retraining.ts';
import { type Checked, nextCheck, nextWindow, roomInWindow, showCheck, watch } from './watch.ts';
import type { Day, WeatherDays } from './weather-days.ts';
import type { WeatherSource } from './weather-source.ts';

/** What a machine may want to check. */
export interface SecondHalf {
  readonly model: string;
  readonly quiet: Checked;
  readonly drift: readonly Checked[];
  readonly retraining: FollowedRetraining;
  readonly quality: Awaited<ReturnType<typeof compareOnUnseenDays>>;
}

/**
 * The loop closes: traffic with outcomes, checks by the clock, a decision, a retraining, the gate. All the script does
 * is to send traffic and to look; whatever else happens, Boucle does by itself.
 */
export async function runSecondHalf(
  session: Session,
  source: WeatherSource,
  days: WeatherDays,
  terminal: Terminal,
): Promise<SecondHalf> {
  const model = WATCHED;
  await watch(session, model, terminal);
  await nextWindow();
  const seen = new Set<string>();

  terminal.title(`(a) Traffic: ${days.heldOut.length} other days of Seattle, and how warm they were`);
  const quiet = await checked(session, model, 'a', days.heldOut, seen, terminal);
  expectVerdicts(quiet, 'NO_DRIFT', 'HEALTHY');
  await expectNoRetraining(session, model);
  terminal.line('  no run was started');

  terminal.title(`(b) Traffic from elsewhere: days of New York, in two batches. The source learns of them, too`);
  const [first, second] = days.batches as [readonly Day[], readonly Day[]];
  source.extend([...first, ...second]);
  const once = await checked(session, model, 'b1', first, seen, terminal);
  expectVerdicts(once, 'DRIFT', 'NOT_PERSISTENT');
  const twice = await checked(session, model, 'b2', second, seen, terminal);
  expectVerdicts(twice, 'DRIFT', 'RETRAIN');
  const retraining = await followRetraining(session, model, twice.decision.id, terminal);

  terminal.title(`(c) ${days.unseen.length} days of New York that no training has seen`);
  const quality = await compareOnUnseenDays(
    session,
    model,
    quiet.version,
    retraining.ledgerEntry.version,
    days.unseen,
    terminal,
  );
  return { model: model.name, quiet, drift: [once, twice], retraining, quality };
}

/** Sends a batch within one window and waits for what the check by the clock makes of it. */
async function checked(
  session: Session,
  model: DemoModel,
  batch: string,
  days: readonly Day[],
  seen: Set<string>,
  terminal: Terminal,
): Promise<Checked & { readonly version: number }> {
  await roomInWindow();
  const { version, predictions, outcomes } = await sendTraffic(session, model, batch, days);
  terminal.line(`  ${predictions} predictions by version ${version}, ${outcomes} outcomes`);
  const check = await nextCheck(session, model, predictions, seen, terminal);
  seen.add(check.report.id);
  showCheck(check, terminal);
  return { version, ...check };
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
