/** Lets so many pieces of work run at once; the others wait their turn. */
export class LoadSlots {
  private readonly waiting: (() => void)[] = [];

  constructor(private free: number) {}

  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.free > 0) this.free--;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await work();
    } finally {
      // A slot goes over to the next in line without becoming free in between.
      const next = this.waiting.shift();
      if (next) next();
      else this.free++;
    }
  }
}
