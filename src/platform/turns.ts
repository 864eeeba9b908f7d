/**
 * Lets work in pieces run one piece a turn of the event loop, first come first served. With `setImmediate` alone, the
 * pieces of all requests that are under way would run in the same turn, and whatever else there is to do would wait for
 * all of them.
 */
export class Turns {
  private readonly waiting: (() => void)[] = [];
  private running = false;

  /** Resolves when the next piece may run; the piece ends where its caller waits for something else. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      if (this.running) return;
      this.running = true;
      setImmediate(this.letOneRun);
    });
  }

  private readonly letOneRun = (): void => {
    this.waiting.shift()!();
    // What is asked for in an immediate comes in the next turn.
    if (this.waiting.length > 0) setImmediate(this.letOneRun);
    else this.running = false;
  };
}

/** Of this process, which has one event loop. */
export const turns = new Turns();
