import { type ChampionChange, promotionObstacle, rejectionObstacle, rollbackTarget, STAGES } from './stage.js';

const promoted = (versionId: string): ChampionChange => ({ action: 'PROMOTED', versionId });
const rolledBackTo = (versionId: string): ChampionChange => ({ action: 'ROLLED_BACK', versionId });
const none = (): boolean => false;

describe('stages', () => {
  it('let every version but the champion and rejected ones be promoted or rejected', () => {
    const free = ['CANDIDATE', 'CHALLENGER', 'RETIRED'];
    expect(STAGES.filter((stage) => !promotionObstacle(stage))).toEqual(free);
    expect(STAGES.filter((stage) => !rejectionObstacle(stage))).toEqual(free);
  });
});

describe('rollbackTarget', () => {
  it('is the champion before', () => {
    expect(rollbackTarget([promoted('a'), promoted('b'), promoted('c')], none)).toBe('b');
  });

  it('goes further back on the second rollback', () => {
    const ledger = [promoted('a'), promoted('b'), promoted('c'), rolledBackTo('b')];
    expect(rollbackTarget(ledger, none)).toBe('a');
    expect(rollbackTarget([...ledger, rolledBackTo('a')], none)).toBeUndefined();
  });

  it('starts from the new champion after a promotion', () => {
    expect(rollbackTarget([promoted('a'), promoted('b'), rolledBackTo('a'), promoted('c')], none)).toBe('a');
  });

  it('passes over rejected versions, other entries and the present champion', () => {
    const ledger = [promoted('a'), promoted('b'), { action: 'DECLINED', versionId: 'x' } as const, promoted('c')];
    expect(rollbackTarget(ledger, (id) => id === 'b')).toBe('a');
    expect(rollbackTarget([promoted('a'), promoted('b'), promoted('a')], none)).toBe('b');
    expect(rollbackTarget([promoted('a'), promoted('b'), promoted('a')], (id) => id === 'b')).toBeUndefined();
  });

  it('knows none before the second champion', () => {
    expect(rollbackTarget([promoted('a')], none)).toBeUndefined();
    expect(rollbackTarget([], none)).toBeUndefined();
  });
});
