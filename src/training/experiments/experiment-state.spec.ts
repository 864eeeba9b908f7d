import { EXPERIMENT_STATES, isOver, SEARCHED_STATES, sourcesOf } from './experiment-state.js';

describe('experiment states', () => {
  const over = EXPERIMENT_STATES.filter(isOver);

  it('never leave an end', () => {
    for (const state of EXPERIMENT_STATES) expect(sourcesOf(state).filter(isOver)).toEqual([]);
  });

  it('lead from everywhere to an end, and to success only through a training', () => {
    expect(over).toEqual(['SUCCEEDED', 'FAILED', 'CANCELLED']);
    const leaving = new Set(over.flatMap(sourcesOf));
    expect(EXPERIMENT_STATES.filter((state) => !isOver(state)).every((state) => leaving.has(state))).toBe(true);
    expect(sourcesOf('SUCCEEDED')).toEqual(['TRAINING']);
  });

  it('have a worker at the search until the training begins', () => {
    expect([...SEARCHED_STATES, 'TRAINING', ...over].sort()).toEqual([...EXPERIMENT_STATES].sort());
  });
});
