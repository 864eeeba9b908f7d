import type { Verdict } from '../../ml/statistics/drift/verdict.js';
import type { PastRetraining } from '../decisions/decision-inputs.js';

/** A window that a replay has looked at. */
export interface ReplayedWindow {
  readonly versionId: string;
  readonly from: Date;
  readonly to: Date;
  readonly verdict: Verdict;
}

/** What a replay remembers of its own checks, in place of the reports and retrainings that live checks leave. */
export class ReplayMemory {
  private readonly windows: ReplayedWindow[] = [];
  private readonly retrainings: PastRetraining[] = [];

  /**
   * Verdicts of the newest windows before this one, oldest first, by the rule of DecisionFacts: of the same version,
   * without overlap, and those with too few rows passed over.
   */
  verdictsBefore({ versionId, from, to, verdict }: ReplayedWindow, n: number): Verdict[] {
    const found: Verdict[] = [];
    const most = verdict === 'TOO_FEW_ROWS' ? n : n - 1;
    let end = verdict === 'TOO_FEW_ROWS' ? to : from;
    for (let i = this.windows.length - 1; i >= 0 && found.length < most; i--) {
      const window = this.windows[i]!;
      if (window.versionId !== versionId) break;
      if (window.verdict === 'TOO_FEW_ROWS' || window.to > end) continue;
      found.unshift(window.verdict);
      end = window.from;
    }
    return found;
  }

  addWindow(window: ReplayedWindow): void {
    this.windows.push(window);
  }

  /** It holds up later ones by cool-down and daily limit. What would have come of it, nobody knows. */
  addRetraining(beganAt: Date): void {
    this.retrainings.push({ beganAt, state: 'DECLINED', ofPolicy: true });
  }

  /** @param time in milliseconds. */
  retrainingsSince(time: number): number {
    return this.retrainings.filter(({ beganAt }) => beganAt.getTime() > time).length;
  }

  get past(): readonly PastRetraining[] {
    return this.retrainings;
  }
}
