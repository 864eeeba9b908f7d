import { challengeObstacle, promotionObstacle, rejectionObstacle, STAGES } from './stage.js';

describe('stages', () => {
  it('let every version but the champion and rejected ones be promoted, rejected or tried', () => {
    const free = ['CANDIDATE', 'CHALLENGER', 'RETIRED'];
    expect(STAGES.filter((stage) => !promotionObstacle(stage))).toEqual(free);
    expect(STAGES.filter((stage) => !rejectionObstacle(stage))).toEqual(free);
    expect(STAGES.filter((stage) => !challengeObstacle(stage))).toEqual(free);
  });
});
