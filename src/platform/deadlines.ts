/** What is to happen at a time, unless it is called off before. */
export interface Deadline {
  /** As `performance.now()` counts. */
  readonly at: number;
  readonly missed: () => void;
}

/**
 * Deadlines of what almost always ends long before: all of them share one timer, set for the earliest that was known
 * when it was set. One more costs a place in a set, where a timer of its own has to be made, put in order and cleared.
 */
export class Deadlines {
  private readonly pending = new Set<Deadline>();
  private timer: NodeJS.Timeout | undefined;
  private firesAt = Infinity;

  /** @param at as `performance.now()` counts; in the past, `missed` is called with the next turn of the event loop. */
  set(at: number, missed: () => void): Deadline {
    const deadline = { at, missed };
    this.pending.add(deadline);
    if (at < this.firesAt) this.setTimer(at);
    return deadline;
  }

  clear(deadline: Deadline): void {
    this.pending.delete(deadline);
  }

  private setTimer(at: number): void {
    clearTimeout(this.timer);
    this.firesAt = at;
    // Whatever is waited for keeps the process running, if anything should.
    this.timer = setTimeout(this.fire, Math.max(0, Math.ceil(at - performance.now()))).unref();
  }

  private readonly fire = (): void => {
    const now = performance.now();
    this.firesAt = Infinity;
    let earliest = Infinity;
    for (const deadline of this.pending) {
      if (deadline.at > now) {
        earliest = Math.min(earliest, deadline.at);
        continue;
      }
      this.pending.delete(deadline);
      deadline.missed();
    }
    if (earliest < this.firesAt) this.setTimer(earliest);
  };
}

/** Of this process. */
export const deadlines = new Deadlines();
