import { version as uuidVersion } from 'uuid';
import { dayOfPredictionId, lowestPredictionId, newPredictionId, timeOfPredictionId } from './prediction-id.js';

describe('prediction ids', () => {
  it('are UUIDs of version 7', () => {
    expect(Array.from({ length: 100 }, newPredictionId).map((id) => uuidVersion(id))).toEqual(new Array(100).fill(7));
  });

  it('tell when they were made', () => {
    const before = Date.now();
    const time = timeOfPredictionId(newPredictionId()).getTime();
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(Date.now());
  });

  it('rise, also within one millisecond', () => {
    const ids = Array.from({ length: 5_000 }, newPredictionId);
    expect([...ids].sort()).toEqual(ids);
  });

  it('are bounded from below by the lowest id of their time and not of the next millisecond', () => {
    const id = newPredictionId();
    const time = timeOfPredictionId(id);
    expect(lowestPredictionId(time) <= id).toBe(true);
    expect(lowestPredictionId(new Date(time.getTime() + 1)) > id).toBe(true);
  });

  it('start a day at midnight UTC', () => {
    const midnight = new Date('2026-03-01T00:00:00.000Z');
    expect(lowestPredictionId(midnight)).toBe('019ca6b1-dc00-0000-0000-000000000000');
    expect(dayOfPredictionId(lowestPredictionId(midnight))).toBe('2026-03-01');
    expect(dayOfPredictionId(lowestPredictionId(new Date(midnight.getTime() - 1)))).toBe('2026-02-28');
  });

  it('keep times outside the range of a UUIDv7 inside it', () => {
    expect(lowestPredictionId(new Date(-1))).toBe('00000000-0000-0000-0000-000000000000');
    expect(lowestPredictionId(new Date(8.64e15))).toMatch(/^[0-9a-f-]{36}$/);
  });
});
