import fc from 'fast-check';
import { ACTIVE_STATES, canBecome, cancellationOf, isFinal, RUN_STATES, sourcesOf } from './run-state.js';

const state = fc.constantFrom(...RUN_STATES);

describe('run states', () => {
  it('never leave a final state', () => {
    fc.assert(fc.property(state, state, (from, to) => !isFinal(from) || !canBecome(from, to)));
  });

  it('lead from QUEUED to every other state', () => {
    const reached = new Set(['QUEUED']);
    for (let before = 0; before < reached.size;) {
      before = reached.size;
      for (const to of RUN_STATES) if (sourcesOf(to).some((from) => reached.has(from))) reached.add(to);
    }
    expect([...reached].sort()).toEqual([...RUN_STATES].sort());
  });

  it('lead from every active state to a final one', () => {
    const ending = new Set(RUN_STATES.filter(isFinal));
    for (let before = 0; before < ending.size;) {
      before = ending.size;
      for (const to of ending) for (const from of sourcesOf(to)) ending.add(from);
    }
    expect(ACTIVE_STATES.every((active) => ending.has(active))).toBe(true);
  });

  it('succeed only after registration', () => {
    expect(sourcesOf('SUCCEEDED')).toEqual(['REGISTERING']);
  });

  it.each([
    ['QUEUED', 'CANCELLED'],
    ['RUNNING', 'CANCELLING'],
    ['CANCELLING', 'CANCELLING'],
    ['REGISTERING', undefined],
    ['SUCCEEDED', undefined],
    ['FAILED', undefined],
    ['CANCELLED', undefined],
  ] as const)('cancelling %s leads to %s', (from, to) => {
    expect(cancellationOf(from)).toBe(to);
  });
});
