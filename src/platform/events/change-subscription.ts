import type { Change } from './change.js';

/** Stands for any number of changes that were not seen one by one: read everything that matters anew. */
export const RELOAD = 'RELOAD';
export type Signal = Change | typeof RELOAD;

/** Rows with a change that a slow reader has not taken yet; with more, it is told to reload. */
const MAX_WAITING = 100;

/**
 * The changes that one reader waits for. It is never behind by more than {@link MAX_WAITING} rows: of several changes of
 * a row it gets the newest, and a reload in place of too many rows.
 */
export class ChangeSubscription implements AsyncIterableIterator<Signal> {
  private readonly waiting = new Map<string, Change>();
  private mustReload = false;
  private isClosed = false;
  private wake: () => void = () => undefined;

  constructor(
    private readonly isWanted: (change: Change) => boolean,
    private readonly onClose: (self: ChangeSubscription) => void,
  ) {}

  offer(change: Change): void {
    if (this.mustReload || !this.isWanted(change)) return;
    this.waiting.set(change.id, change);
    if (this.waiting.size > MAX_WAITING) this.reload();
    else this.wake();
  }

  reload(): void {
    this.waiting.clear();
    this.mustReload = true;
    this.wake();
  }

  async next(): Promise<IteratorResult<Signal, undefined>> {
    while (!this.isClosed) {
      const signal = this.take();
      if (signal) return { done: false, value: signal };
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
    return { done: true, value: undefined };
  }

  /** Ends a `next` that waits, too. */
  return(): Promise<IteratorResult<Signal, undefined>> {
    this.isClosed = true;
    this.waiting.clear();
    this.onClose(this);
    this.wake();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  private take(): Signal | undefined {
    if (this.mustReload) {
      this.mustReload = false;
      return RELOAD;
    }
    const [oldest] = this.waiting.values();
    if (oldest) this.waiting.delete(oldest.id);
    return oldest;
  }
}
