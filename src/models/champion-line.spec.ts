import fc from 'fast-check';
import { type ChampionChange, ChampionLine } from './champion-line.js';

const promoted = (versionId: string): ChampionChange => ({ action: 'PROMOTED', versionId });
const rolledBackTo = (versionId: string): ChampionChange => ({ action: 'ROLLED_BACK', versionId });

/** @param ledger oldest first. */
function champions(...ledger: readonly ChampionChange[]): string[] {
  const line = new ChampionLine();
  return ledger.toReversed().flatMap((change) => line.next(change) ?? []);
}

describe('ChampionLine', () => {
  it('names the present champion first, then those before it', () => {
    expect(champions(promoted('a'), promoted('b'), promoted('c'))).toEqual(['c', 'b', 'a']);
    expect(champions()).toEqual([]);
  });

  it('goes further back with every rollback', () => {
    const ledger = [promoted('a'), promoted('b'), promoted('c'), rolledBackTo('b')];
    expect(champions(...ledger)).toEqual(['b', 'a']);
    expect(champions(...ledger, rolledBackTo('a'))).toEqual(['a']);
  });

  it('starts from the new champion after a promotion', () => {
    expect(champions(promoted('a'), promoted('b'), rolledBackTo('a'), promoted('c'))).toEqual(['c', 'a']);
  });

  it('passes over entries that leave the champion in place', () => {
    expect(champions(promoted('a'), { action: 'DECLINED', versionId: 'x' }, promoted('c'))).toEqual(['c', 'a']);
  });

  it('equals the stack that promotions push on and rollbacks pop from', () => {
    const steps = fc.array(fc.nat(9), { maxLength: 40 });
    fc.assert(
      fc.property(steps, (choices) => {
        const stack: string[] = [];
        const ledger: ChampionChange[] = [];
        for (const choice of choices) {
          // A rollback leads to a champion before the present one, passing over some; versions may come again.
          const target = choice < 5 ? undefined : stack.slice(0, -1).at(-(choice - 4));
          if (target === undefined || target === stack.at(-1)) {
            ledger.push(promoted(`v${choice % 4}`));
            stack.push(`v${choice % 4}`);
          } else {
            ledger.push(rolledBackTo(target));
            while (stack.at(-1) !== target) stack.pop();
          }
        }
        expect(champions(...ledger)).toEqual(stack.toReversed());
      }),
      { numRuns: 2_000 },
    );
  });
});
