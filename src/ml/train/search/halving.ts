/** Of how many trials one goes on to the next rung, and by how much a rung has more rows than the one before. */
const REDUCTION = 3;
/** Trials that begin together: the largest number that leaves one after three rungs. */
const BRACKET = REDUCTION ** 3;
/** Rungs at most: more would begin with a twenty-seventh of the rows, which says little about all of them. */
const MAX_RUNGS = 4;
/** A rung with fewer rows would choose by chance. */
const MIN_RUNG_ROWS = 500;

/** What is known of a trial. */
export interface TrialRecord {
  /** 1, 2, 3 … */
  readonly number: number;
  readonly failed: boolean;
  /** Its loss, lower is better, on each rung that it was scored on. */
  readonly losses: ReadonlyMap<number, number>;
}

/** A trial that is to be trained on the rows of a rung. */
export interface Task {
  readonly number: number;
  /** 0 is the lowest. */
  readonly rung: number;
}

/**
 * Rows to train on at each rung, ascending; the last one has all.
 * @param rows training rows there are.
 */
export function rungsOf(rows: number): number[] {
  const rungs = [rows];
  while (rungs.length < MAX_RUNGS && rungs[0]! / REDUCTION >= MIN_RUNG_ROWS) {
    rungs.unshift(Math.floor(rungs[0]! / REDUCTION));
  }
  return rungs;
}

/**
 * What successive halving (Jamieson and Talwalkar 2016) does next: trials come in brackets, one after the other, so that
 * there are finished ones whenever it has to end. All trials of a bracket are scored on a rung, then the best third goes
 * on to the next one. A bracket begins so high that one of its trials reaches the top. The answer follows from the
 * records alone, so a search that was interrupted goes on where it was.
 *
 * @param records of the trials that have begun, in any order.
 * @param trials trials in all. @param rungs number of rungs.
 * @returns undefined if everything was tried.
 */
export function nextTask(records: readonly TrialRecord[], trials: number, rungs: number): Task | undefined {
  const known = new Map(records.map((record) => [record.number, record]));
  for (let first = 1; first <= trials; first += BRACKET) {
    const size = Math.min(BRACKET, trials - first + 1);
    let candidates = Array.from({ length: size }, (_, i) => known.get(first + i) ?? untried(first + i));
    for (let rung = firstRung(size, rungs); rung < rungs; rung++) {
      const open = candidates.find(({ failed, losses }) => !failed && !losses.has(rung));
      if (open) return { number: open.number, rung };
      candidates = bestAt(rung, candidates).slice(0, kept(candidates.length));
    }
  }
  return undefined;
}

/** How many tasks it takes if no trial fails. */
export function tasksOf(trials: number, rungs: number): number {
  let tasks = 0;
  for (let first = 1; first <= trials; first += BRACKET) {
    let size = Math.min(BRACKET, trials - first + 1);
    for (let rung = firstRung(size, rungs); rung < rungs; rung++) {
      tasks += size;
      size = kept(size);
    }
  }
  return tasks;
}

function bestAt(rung: number, records: readonly TrialRecord[]): TrialRecord[] {
  return records
    .filter(({ losses }) => losses.has(rung))
    .sort((a, b) => a.losses.get(rung)! - b.losses.get(rung)! || a.number - b.number);
}

function kept(trials: number): number {
  return Math.max(1, Math.floor(trials / REDUCTION));
}

function firstRung(trials: number, rungs: number): number {
  let rung = rungs - 1;
  for (let size = trials; size >= REDUCTION && rung > 0; size /= REDUCTION) rung--;
  return rung;
}

function untried(number: number): TrialRecord {
  return { number, failed: false, losses: new Map() };
}
