import type { DemoModel } from './models.ts';
import { secondsSince } from './own-boucle.ts';
import type { Session } from './session.ts';
import type { SourceRow } from './source-rows.ts';
import type { Terminal } from './terminal.ts';
import { sendTraffic } from './traffic.ts';
import { type Checked, nextCheck, roomInWindow, showCheck } from './watch.ts';

/** A check, and the version that answered what it looked at. */
export interface CheckedTraffic extends Checked {
  readonly version: number;
}

/** Sends a batch within one window and waits for what the check by the clock makes of it. */
export async function sendAndAwaitCheck(
  session: Session,
  model: DemoModel,
  batch: string,
  rows: readonly SourceRow[],
  terminal: Terminal,
): Promise<CheckedTraffic> {
  await roomInWindow();
  const [since, started] = [Date.now(), performance.now()];
  const { version, predictions, outcomes } = await sendTraffic(session, model, batch, rows);
  const seconds = secondsSince(started);
  terminal.line(`  ${predictions} predictions by version ${version} and ${outcomes} outcomes in ${seconds} s`);
  const check = await nextCheck(session, model, predictions, since, terminal);
  showCheck(check, terminal);
  return { version, ...check };
}
