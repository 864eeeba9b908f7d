import { ReplayMemory, type ReplayedWindow } from './replay-memory.js';

const window = (from: number, to: number, verdict: ReplayedWindow['verdict'], versionId = 'a'): ReplayedWindow => ({
  versionId,
  from: new Date(from),
  to: new Date(to),
  verdict,
});

describe('what a replay remembers', () => {
  it('are verdicts of windows that do not overlap, without those that had too few rows', () => {
    const memory = new ReplayMemory();
    memory.addWindow(window(0, 10, 'DRIFT'));
    memory.addWindow(window(10, 20, 'NO_DRIFT'));
    memory.addWindow(window(15, 25, 'DRIFT'));
    memory.addWindow(window(20, 30, 'TOO_FEW_ROWS'));
    expect(memory.verdictsBefore(window(25, 35, 'DRIFT'), 3)).toEqual(['DRIFT', 'DRIFT']);
    expect(memory.verdictsBefore(window(20, 30, 'DRIFT'), 3)).toEqual(['DRIFT', 'NO_DRIFT']);
    expect(memory.verdictsBefore(window(20, 30, 'DRIFT'), 2)).toEqual(['NO_DRIFT']);
  });

  it('lets windows count that overlap one with too few rows', () => {
    const memory = new ReplayMemory();
    memory.addWindow(window(0, 10, 'NO_DRIFT'));
    memory.addWindow(window(10, 20, 'DRIFT'));
    expect(memory.verdictsBefore(window(15, 25, 'TOO_FEW_ROWS'), 2)).toEqual(['NO_DRIFT', 'DRIFT']);
  });

  it('begins anew with another version', () => {
    const memory = new ReplayMemory();
    memory.addWindow(window(0, 10, 'DRIFT'));
    memory.addWindow(window(10, 20, 'DRIFT', 'b'));
    expect(memory.verdictsBefore(window(20, 30, 'DRIFT', 'b'), 3)).toEqual(['DRIFT']);
  });
});
