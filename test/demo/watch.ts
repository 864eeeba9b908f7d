import type { DemoModel } from './models.ts';
import type { Session } from './session.ts';
import type { Terminal } from './terminal.ts';

/** Windows begin at full ten seconds, and so do checks. */
export const WINDOW_SECONDS = 10;
/** What a batch of traffic takes at most, so that it stays within its window. */
const BATCH_MS = 4_000;

export interface Checked {
  readonly report: {
    readonly id: string;
    readonly verdict: string;
    readonly summary: string;
    readonly rows: number;
    readonly pageUrl: string;
    readonly drifted: readonly { readonly name: string; readonly psi: number }[];
    /** Of the predictions whose outcomes are known. */
    readonly metrics: readonly { readonly name: string; readonly value: number; readonly holdout: number }[];
  };
  readonly decision: {
    readonly id: string;
    readonly verdict: string;
    /** Null for a decision against a retraining. */
    readonly trigger: string | null;
    readonly reason: string;
  };
}

/** Checks every ten seconds; what `settings` does not name is the default, as thresholds or "2 of 3 windows". */
export async function watch(
  session: Session,
  { name }: DemoModel,
  terminal: Terminal,
  settings: object = {},
): Promise<void> {
  const { setMonitoringPolicy: policy } = await session.ask(
    `mutation ($input: MonitoringPolicyInput!) {
      setMonitoringPolicy(input: $input) { cron windowSeconds persistence { k n } minimumRows data }
    }`,
    { input: { model: name, cron: `*/${WINDOW_SECONDS} * * * * *`, windowSeconds: WINDOW_SECONDS, ...settings } },
  );
  terminal.title(`Watching ${name}`);
  terminal.line(
    `  a check every ${WINDOW_SECONDS} s; drift in ${policy.persistence.k} of the last ${policy.persistence.n} windows retrains`,
  );
}

/** Waits for the next window: a check leaves out the one in which its champion was promoted. */
export async function nextWindow(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, leftOfWindow()));
}

/** Waits unless enough of the present window is left for a batch. */
export async function roomInWindow(): Promise<void> {
  if (leftOfWindow() < BATCH_MS) await nextWindow();
}

function leftOfWindow(): number {
  return WINDOW_SECONDS * 1000 - (Date.now() % (WINDOW_SECONDS * 1000));
}

/** Waits for the report that a check by the clock makes of the predictions sent since then, and for its decision. */
export async function nextCheck(
  session: Session,
  { name }: DemoModel,
  rows: number,
  since: number,
  terminal: Terminal,
): Promise<Checked> {
  const isNew = (report: any): boolean => Number(report.rows) === rows && Date.parse(report.to) > since;
  const data = await session.until(
    `query ($model: String!) {
      driftReports(model: $model, first: 5) {
        nodes {
          id verdict summary rows to pageUrl
          quality { metrics { name value holdout } }
          columns(verdict: DRIFT) { name checks { method score } }
        }
      }
      retrainingDecisions(model: $model, first: 5) { nodes { id reportId verdict trigger reason } }
    }`,
    { model: name },
    (answer) => answer.driftReports.nodes.some(isNew),
    () => {
      terminal.progress('waiting for the next check');
    },
  );
  const { columns, quality, ...report } = data.driftReports.nodes.find(isNew);
  const decision = data.retrainingDecisions.nodes.find(({ reportId }: any) => reportId === report.id);
  const drifted = columns.map(({ name: column, checks }: any) => ({
    name: column,
    psi: checks.find(({ method }: any) => method === 'PSI').score,
  }));
  return { report: { ...report, drifted, metrics: quality?.metrics ?? [] }, decision };
}

export function showCheck({ report, decision }: Checked, terminal: Terminal): void {
  terminal.line(`  report ${report.id}: ${report.summary}`);
  if (report.drifted.length > 0) {
    terminal.table(
      ['drifted', 'PSI (threshold 0.1)'],
      report.drifted.map(({ name, psi }) => [name, psi]),
    );
  }
  terminal.line(`  decision ${decision.id}: ${decision.verdict}. ${decision.reason}`);
  terminal.line(`  to look at it: ${report.pageUrl}`);
}
