import type { DemoModel } from './models.ts';
import type { Session } from './session.ts';
import type { Terminal } from './terminal.ts';

const FINAL = new Set(['PROMOTED', 'RECOMMENDED', 'DECLINED', 'NO_NEW_DATA', 'FAILED', 'CANCELLED']);

export interface FollowedRetraining {
  readonly id: string;
  readonly state: string;
  readonly runs: readonly { readonly id: string; readonly algorithm: string; readonly state: string }[];
  readonly gate: string;
  readonly ledgerEntry: { readonly id: string; readonly action: string; readonly version: number };
}

/** Watches what a decision began; nobody asks for anything. */
export async function followRetraining(
  session: Session,
  { name }: DemoModel,
  decisionId: string,
  terminal: Terminal,
): Promise<FollowedRetraining> {
  terminal.title('The retraining that the decision began');
  const retrainingOf = (data: any): any =>
    data.retrainings.nodes.find(({ decision }: any) => decision?.id === decisionId);
  const data = await session.until(
    `query ($model: String!) {
      retrainings(model: $model, first: 5) {
        nodes {
          id state message decision { id }
          datasetVersion { number rows }
          runs { id algorithm state }
          promotion { id action version reason }
        }
      }
    }`,
    { model: name },
    (answer) => FINAL.has(retrainingOf(answer)?.state),
    (answer) => {
      const { state, message } = retrainingOf(answer) ?? { state: 'none', message: 'not begun' };
      terminal.progress(`${state.toLowerCase()}: ${message}`);
    },
  );
  const { id, state, message, datasetVersion, runs, promotion } = retrainingOf(data);
  if (!promotion) throw new Error(`Retraining ${id} ended ${state}: ${message}`);
  terminal.line(`  retraining ${id}: dataset version ${datasetVersion.number} with ${datasetVersion.rows} rows`);
  for (const run of runs) terminal.line(`  run ${run.id}: ${run.algorithm}, ${run.state.toLowerCase()}`);
  terminal.line(`  gate: version ${promotion.version}, ${promotion.action.toLowerCase()}: ${promotion.reason}`);
  terminal.line(`  ledger entry ${promotion.id}`);
  const { reason: gate, ...ledgerEntry } = promotion;
  return { id, state, runs, gate, ledgerEntry };
}
