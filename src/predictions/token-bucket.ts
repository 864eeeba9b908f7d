/** Lets so many requests a second through, and after a pause up to one second's worth at once. Times in milliseconds. */
export class TokenBucket {
  private tokens: number;

  constructor(
    private readonly perSecond: number,
    private takenAt: number,
  ) {
    this.tokens = this.capacity;
  }

  /** @returns 0 if the request may pass, otherwise the milliseconds until the next one may. */
  take(now: number): number {
    const earned = (Math.max(0, now - this.takenAt) * this.perSecond) / 1_000;
    this.tokens = Math.min(this.capacity, this.tokens + earned);
    this.takenAt = now;
    if (this.tokens < 1) return ((1 - this.tokens) * 1_000) / this.perSecond;
    this.tokens--;
    return 0;
  }

  private get capacity(): number {
    return Math.max(1, this.perSecond);
  }
}
