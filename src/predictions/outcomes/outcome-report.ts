/** Reasons for which an outcome is not taken. */
export const REFUSALS = ['INVALID', 'UNKNOWN', 'LATE'] as const;
export type Refusal = (typeof REFUSALS)[number];

/** What became of an outcome that was taken. */
export type Recorded = 'accepted' | 'changed' | 'unchanged';

export interface OutcomeProblem {
  /** Place in the list, from 0 on; in a file, the line, from 1 on. */
  readonly position: number;
  readonly reason: Refusal;
  readonly message: string;
}

/** What became of the outcomes of one request: each is in exactly one of the counts. */
export interface OutcomeReport {
  readonly accepted: number;
  /** Replaced an outcome with another value. */
  readonly changed: number;
  /** Said what was known already. */
  readonly unchanged: number;
  readonly unknown: number;
  readonly late: number;
  readonly invalid: number;
  /** The first of those refused. */
  readonly problems: readonly OutcomeProblem[];
}

const MAX_PROBLEMS = 20;
const COUNT_OF = { INVALID: 'invalid', UNKNOWN: 'unknown', LATE: 'late' } as const;

/** Adds up a report. Its size does not depend on how many outcomes are wrong. */
export class OutcomeTally {
  private readonly counts = { accepted: 0, changed: 0, unchanged: 0, unknown: 0, late: 0, invalid: 0 };
  private readonly problems: OutcomeProblem[] = [];

  record(recorded: Recorded): void {
    this.counts[recorded]++;
  }

  refuse(position: number, reason: Refusal, message: string): void {
    this.counts[COUNT_OF[reason]]++;
    if (this.problems.length < MAX_PROBLEMS) this.problems.push({ position, reason, message });
  }

  report(): OutcomeReport {
    // Those refused for their form are found before those that had to be looked up.
    return { ...this.counts, problems: this.problems.toSorted((a, b) => a.position - b.position) };
  }
}
