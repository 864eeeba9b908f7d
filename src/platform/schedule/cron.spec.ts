import { cronProblem, nextTick, previousTick, shortestGap } from './cron.js';

const PARIS = 'Europe/Paris';

function ticks(expression: string, timeZone: string, after: string, count: number): string[] {
  const found: string[] = [];
  for (let tick = new Date(after); found.length < count;) {
    tick = nextTick(expression, timeZone, tick);
    found.push(tick.toISOString().slice(0, 19));
  }
  return found;
}

describe('ticks', () => {
  it('are those of the clock in the zone', () => {
    expect(ticks('30 2 * * *', PARIS, '2026-06-30T00:29:59.999Z', 2)).toEqual([
      '2026-06-30T00:30:00',
      '2026-07-01T00:30:00',
    ]);
    expect(ticks('*/20 * * * * *', 'UTC', '2026-06-30T00:00:00Z', 3)).toEqual([
      '2026-06-30T00:00:20',
      '2026-06-30T00:00:40',
      '2026-06-30T00:01:00',
    ]);
    expect(ticks('0 9 * * MON-FRI', 'America/New_York', '2026-07-03T12:00:00Z', 2)).toEqual([
      '2026-07-03T13:00:00',
      '2026-07-06T13:00:00',
    ]);
  });

  it('fire once for a local time that clocks skip: when they are put forward', () => {
    expect(ticks('30 2 * * *', PARIS, '2026-03-28T00:00:00Z', 3)).toEqual([
      '2026-03-28T01:30:00',
      '2026-03-29T01:00:00',
      '2026-03-30T00:30:00',
    ]);
    expect(ticks('0,45 2-3 * * *', PARIS, '2026-03-28T12:00:00Z', 3)).toEqual([
      '2026-03-29T01:00:00',
      '2026-03-29T01:45:00',
      '2026-03-30T00:00:00',
    ]);
  });

  it('fire once for a local time that comes twice: the first time', () => {
    expect(ticks('30 2 * * *', PARIS, '2026-10-24T12:00:00Z', 2)).toEqual([
      '2026-10-25T00:30:00',
      '2026-10-26T01:30:00',
    ]);
    expect(ticks('*/30 1-3 * * *', PARIS, '2026-10-25T00:10:00Z', 4)).toEqual([
      '2026-10-25T00:30:00',
      '2026-10-25T02:00:00',
      '2026-10-25T02:30:00',
      '2026-10-26T00:00:00',
    ]);
  });

  it('follow real time if they come every hour', () => {
    expect(ticks('*/30 * * * *', PARIS, '2026-10-24T23:30:00Z', 5)).toEqual([
      '2026-10-25T00:00:00',
      '2026-10-25T00:30:00',
      '2026-10-25T01:00:00',
      '2026-10-25T01:30:00',
      '2026-10-25T02:00:00',
    ]);
    expect(ticks('15 * * * *', PARIS, '2026-03-29T00:00:00Z', 3)).toEqual([
      '2026-03-29T00:15:00',
      '2026-03-29T01:15:00',
      '2026-03-29T02:15:00',
    ]);
    expect(ticks('15 * * * *', 'Australia/Lord_Howe', '2026-04-04T14:00:00Z', 3)).toEqual([
      '2026-04-04T14:15:00',
      '2026-04-04T15:45:00',
      '2026-04-04T16:45:00',
    ]);
  });

  it.each([
    '30 2 * * *',
    '15,45 2-3 * * *',
    '*/20 2 * * *',
    '*/30 * * * *',
    '5 * * * *',
    '0 0 * * *',
    '30 0 * * SUN',
    '*/7 */2 * * *',
  ])('of %s are the same forwards and backwards, across all changes of a year', (expression) => {
    for (const [zone, changes] of [
      [PARIS, ['2026-03-28T20:00:00Z', '2026-10-24T20:00:00Z']],
      ['America/Santiago', ['2026-09-05T20:00:00Z', '2026-04-04T20:00:00Z']],
      ['Australia/Lord_Howe', ['2026-04-04T08:00:00Z', '2026-10-03T08:00:00Z']],
    ] as const) {
      for (const change of changes) {
        const forwards = ticks(expression, zone, change, 60).map((tick) => Date.parse(`${tick}Z`));
        const isAscending = forwards.every((tick, index) => index === 0 || tick > forwards[index - 1]!);
        expect({ zone, change, isAscending }).toEqual({ zone, change, isAscending: true });
        forwards.slice(1).forEach((tick, index) => {
          expect(previousTick(expression, zone, new Date(tick - 1))?.getTime()).toBe(forwards[index]);
          expect(previousTick(expression, zone, new Date(tick))?.getTime()).toBe(tick);
        });
      }
    }
  });

  it('may be years apart', () => {
    expect(ticks('0 0 29 2 *', 'UTC', '2026-01-01T00:00:00Z', 2)).toEqual([
      '2028-02-29T00:00:00',
      '2032-02-29T00:00:00',
    ]);
    expect(previousTick('0 0 29 2 *', 'UTC', new Date('2026-01-01T00:00:00Z'))).toEqual(
      new Date('2024-02-29T00:00:00Z'),
    );
  });
});

describe('the shortest gap', () => {
  it.each([
    ['* * * * * *', 1],
    ['*/10 * * * * *', 10],
    ['*/7 * * * * *', 4],
    ['30 2 * * *', 86_400],
    ['0 9 * * MON', 7 * 86_400],
    ['0,59 0,23 * * MON', 59 * 60],
    ['0,59 0,23 * * *', 60],
    ['0 0 1 * *', 28 * 86_400],
    ['59 23 31 12 *', 365 * 86_400],
  ])('of %s is %d s', (expression, seconds) => {
    expect(shortestGap(expression)).toBe(seconds);
  });
});

describe('a problem', () => {
  it.each(['30 2 * * *', '*/10 * * * * *', '0 0 L * *', '0 0 29 2 *', '0 9 * JAN-MAR MON-FRI,7', '0 0 ? * THU'])(
    'is not found in %s',
    (expression) => {
      expect(cronProblem(expression, PARIS)).toBeUndefined();
    },
  );

  it.each([
    ['', 'write 5 fields'],
    ['* * *', 'write 5 fields'],
    ['@daily', 'write 5 fields'],
    ['* * * * * * *', 'write 5 fields'],
    ['61 * * * *', 'The minute of the cron expression, "61", can\'t be read: use 0 to 59'],
    ['0 61 * * * *', 'The minute of the cron expression'],
    ['0 24 * * *', 'The hour'],
    ['0 0 32 * *', 'The day of the month'],
    ['0 0 * FOO *', 'The month'],
    ['0 0 * * 9', 'The day of the week'],
    ['H * * * *', 'The minute'],
    ['*/0 * * * *', 'The minute'],
    ['0 0 30 2 *', 'never fires'],
    ['0 0 31 4,6 *', 'never fires'],
    ['*'.repeat(300), 'at most 200 characters'],
  ])('in %j is told: %s', (expression, text) => {
    expect(cronProblem(expression, PARIS)).toContain(text);
  });

  it('is a time zone that does not exist', () => {
    expect(cronProblem('0 0 * * *', 'Europe/Atlantis')).toContain('no time zone "Europe/Atlantis"');
  });
});
