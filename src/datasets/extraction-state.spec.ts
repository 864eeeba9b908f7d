import { ACTIVE_STATES, cancellationOf, EXTRACTION_STATES, sourcesOf } from './extraction-state.js';

describe('states of an extraction', () => {
  it('end for good: no final state leads anywhere', () => {
    const final = EXTRACTION_STATES.filter((state) => !(ACTIVE_STATES as readonly string[]).includes(state));
    expect(final).toEqual(['READY', 'UNCHANGED', 'FAILED', 'CANCELLED']);
    for (const state of EXTRACTION_STATES) {
      expect(sourcesOf(state).filter((source) => final.includes(source))).toEqual([]);
    }
  });

  it('can all be reached from QUEUED', () => {
    const reached = new Set(['QUEUED']);
    for (let grown = true; grown;) {
      const before = reached.size;
      for (const state of EXTRACTION_STATES)
        if (sourcesOf(state).some((source) => reached.has(source))) reached.add(state);
      grown = reached.size > before;
    }
    expect(reached.size).toBe(EXTRACTION_STATES.length);
  });

  it('tell what a request to cancel does', () => {
    expect(EXTRACTION_STATES.map(cancellationOf)).toEqual([
      'CANCELLED',
      'CANCELLING',
      'CANCELLING',
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('never let a cancelled extraction become a version', () => {
    expect(sourcesOf('READY')).toEqual(['RUNNING']);
    expect(sourcesOf('UNCHANGED')).toEqual(['RUNNING']);
  });
});
