import fc from 'fast-check';
import { backOffSeconds } from './retrain-brakes.js';
import { decide } from './retrain-rule.js';
import { DECISION_VERDICTS, type DecisionInputs } from './retrain-rule.types.js';

const AT = '2026-03-10T12:00:00.000Z';
const HOUR = 3_600;
const DAY = 24 * HOUR;

type Changes = { [K in keyof DecisionInputs]?: Partial<DecisionInputs[K]> | null };

/** Three windows of drift of which two are needed, no other trigger, no retraining so far; with changes. */
function inputs(changes: Changes = {}): DecisionInputs {
  const drifting: DecisionInputs = {
    at: AT,
    window: {
      from: '2026-03-10T11:00:00.000Z',
      to: AT,
      rows: 1200,
      minimumRows: 500,
      verdict: 'DRIFT',
      drifted: ['wind'],
    },
    persistence: { k: 2, n: 3, verdicts: ['NO_DRIFT', 'DRIFT', 'DRIFT'] },
    quality: null,
    age: null,
    brakes: { underWay: false, lastBegan: null, coolDownSeconds: DAY, failures: 0, today: 0, perDay: 2 },
  };
  const changed = Object.entries(changes).map(([name, value]) => {
    const before = drifting[name as keyof DecisionInputs] as object | null;
    return [name, value === null ? null : { ...before, ...(value as object) }];
  });
  return { ...drifting, ...(Object.fromEntries(changed) as Partial<DecisionInputs>) };
}

const QUALITY = {
  metric: 'accuracy',
  direction: 'HIGHER_IS_BETTER',
  floor: 0.8,
  value: 0.7,
  low: 0.65,
  high: 0.75,
  outcomes: 300,
  minimumOutcomes: 200,
} as const;

const calm: Changes = { window: { verdict: 'NO_DRIFT', drifted: [] }, persistence: { verdicts: ['NO_DRIFT'] } };
const ago = (seconds: number): string => new Date(Date.parse(AT) - seconds * 1000).toISOString();

describe('drift', () => {
  it('in k of the last n windows starts a retraining, and the steps say why', () => {
    expect(decide(inputs())).toEqual({
      verdict: 'RETRAIN',
      trigger: 'DRIFT',
      reason:
        'The window of 1200 predictions shows drift in wind. For a retraining 2 of the last 3 windows must show drift; 2 of these do.',
      steps: [
        { rule: 'DRIFT', kind: 'TRIGGER', holds: true, explanation: expect.stringContaining('2 of these do') },
        { rule: 'QUALITY', kind: 'TRIGGER', holds: false, explanation: 'This policy sets no floor for quality.' },
        { rule: 'AGE', kind: 'TRIGGER', holds: false, explanation: expect.stringContaining('no limit to the age') },
        { rule: 'UNDER_WAY', kind: 'BRAKE', holds: false, explanation: 'No retraining is under way.' },
        { rule: 'COOL_DOWN', kind: 'BRAKE', holds: false, explanation: expect.stringContaining('so far') },
        { rule: 'DAILY_LIMIT', kind: 'BRAKE', holds: false, explanation: '0 began in the last 24 hours; 2 may.' },
        { rule: 'BACK_OFF', kind: 'BRAKE', holds: false, explanation: 'The last one did not fail.' },
      ],
    });
  });

  it('in fewer windows does not persist', () => {
    const decision = decide(inputs({ persistence: { verdicts: ['NO_DRIFT', 'DRIFT'] } }));
    expect(decision).toMatchObject({ verdict: 'NOT_PERSISTENT', trigger: null });
    expect(decision.reason).toContain('2 of the last 3 windows must show drift; 1 of the 2 so far does.');
    expect(decision.steps.map(({ kind }) => kind)).toEqual(['TRIGGER', 'TRIGGER', 'TRIGGER']);
  });

  it('is only reported by a policy without persistence', () => {
    const decision = decide(inputs({ persistence: null }));
    expect(decision).toMatchObject({ verdict: 'HEALTHY', trigger: null });
    expect(decision.reason).toContain('shows drift in wind. This policy reports drift and does not retrain');
  });

  it('names five columns and counts the others', () => {
    const drifted = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    expect(decide(inputs({ window: { drifted } })).reason).toContain('in a, b, c, d, e and 2 more.');
  });

  it('windows with too few rows are passed over', () => {
    const window = { verdict: 'TOO_FEW_ROWS', rows: 20, drifted: [] } as const;
    const verdicts = ['DRIFT', 'TOO_FEW_ROWS', 'NO_DRIFT', 'TOO_FEW_ROWS', 'TOO_FEW_ROWS'] as const;
    const decision = decide(inputs({ window, persistence: { verdicts } }));
    expect(decision).toMatchObject({ verdict: 'TOO_FEW_ROWS', trigger: null });
    expect(decision.reason).toContain('20 predictions is too small to say anything, fewer than the 500');
    expect(decide(inputs({ window, persistence: { verdicts: ['DRIFT', ...verdicts.slice(0, 2)] } })).verdict).toBe(
      'RETRAIN',
    );
  });

  it('that is absent is health', () => {
    expect(decide(inputs(calm))).toMatchObject({ verdict: 'HEALTHY', trigger: null });
  });
});

describe('quality', () => {
  it.each([
    ['the whole band below a floor', {}, 'RETRAIN'],
    ['a band that touches the floor', { high: 0.8 }, 'HEALTHY'],
    ['a value below, a band across the floor', { high: 0.81 }, 'HEALTHY'],
    ['too few outcomes', { outcomes: 199 }, 'HEALTHY'],
    ['just enough outcomes', { outcomes: 200 }, 'RETRAIN'],
    ['an undefined metric', { value: null, low: null, high: null }, 'HEALTHY'],
    ['an error above its ceiling', { direction: 'LOWER_IS_BETTER', floor: 0.6 }, 'RETRAIN'],
    ['an error with a band across its ceiling', { direction: 'LOWER_IS_BETTER', floor: 0.66 }, 'HEALTHY'],
    ['an error far below its ceiling', { direction: 'LOWER_IS_BETTER', floor: 0.9 }, 'HEALTHY'],
  ] as const)('%s', (_name, changes, verdict) => {
    const decision = decide(inputs({ ...calm, quality: { ...QUALITY, ...changes } }));
    expect(decision).toMatchObject({ verdict, trigger: verdict === 'RETRAIN' ? 'QUALITY' : null });
  });

  it('is told with its numbers', () => {
    expect(decide(inputs({ ...calm, quality: QUALITY })).reason).toBe(
      'accuracy is to be at least 0.8; it is 0.7 on 300 outcomes, with a band from 0.65 to 0.75, which lies wholly beyond the floor.',
    );
  });

  it('counts in a window with too few rows for drift', () => {
    const window = { verdict: 'TOO_FEW_ROWS' } as const;
    const decision = decide(inputs({ window, persistence: { verdicts: [] }, quality: QUALITY }));
    expect(decision).toMatchObject({ verdict: 'RETRAIN', trigger: 'QUALITY' });
  });
});

describe('age', () => {
  it.each([
    [30 * DAY, 'HEALTHY'],
    [30 * DAY + 1, 'RETRAIN'],
    [0, 'HEALTHY'],
  ] as const)('of %d s, where 30 days are allowed', (seconds, verdict) => {
    const decision = decide(inputs({ ...calm, age: { seconds, maximumSeconds: 30 * DAY } }));
    expect(decision).toMatchObject({ verdict, trigger: verdict === 'RETRAIN' ? 'AGE' : null });
  });

  it('gives way to drift and quality as the name of the trigger', () => {
    const age = { seconds: 2, maximumSeconds: 1 };
    expect(decide(inputs({ quality: QUALITY, age })).trigger).toBe('DRIFT');
    expect(decide(inputs({ ...calm, quality: QUALITY, age })).trigger).toBe('QUALITY');
  });
});

describe('a brake', () => {
  it.each([
    ['a retraining under way', { underWay: true }, 'UNDER_WAY'],
    ['a cool-down', { lastBegan: ago(DAY - 1) }, 'COOL_DOWN'],
    ['a cool-down that is over', { lastBegan: ago(DAY) }, 'RETRAIN'],
    ['the daily limit', { lastBegan: ago(DAY), today: 2 }, 'DAILY_LIMIT'],
    ['the back-off of one failure', { lastBegan: ago(2 * DAY - 1), failures: 1 }, 'BACK_OFF'],
    ['a back-off that is over', { lastBegan: ago(2 * DAY), failures: 1 }, 'RETRAIN'],
    ['the back-off of three failures', { lastBegan: ago(8 * DAY - 1), failures: 3 }, 'BACK_OFF'],
    ['the longest back-off', { lastBegan: ago(30 * DAY - 1), failures: 40 }, 'BACK_OFF'],
    ['the longest back-off that is over', { lastBegan: ago(30 * DAY), failures: 40 }, 'RETRAIN'],
    ['a cool-down of a retraining in the future', { lastBegan: ago(-HOUR) }, 'COOL_DOWN'],
  ] as const)('%s', (_name, brakes, verdict) => {
    expect(decide(inputs({ brakes }))).toMatchObject({ verdict, trigger: 'DRIFT' });
  });

  it('says until when', () => {
    const { reason } = decide(inputs({ brakes: { lastBegan: ago(HOUR), failures: 1 } }));
    expect(reason).toContain(
      '2 of these do. But no retraining begins: After a retraining began, none begins for 1 day',
    );
    expect(reason).toContain('until 2026-03-11T11:00:00.000Z');
  });

  it('holds after failures even where the policy has no cool-down', () => {
    const brakes = { lastBegan: ago(60), coolDownSeconds: 0, failures: 1 };
    expect(decide(inputs({ brakes }))).toMatchObject({ verdict: 'BACK_OFF' });
  });

  it('backs off longer with every failure, thirty days at most', () => {
    const seconds = [0, 1, 2, 3, 4, 5, 6, 2000].map((failures) => backOffSeconds(DAY, failures));
    expect(seconds).toEqual([0, 2 * DAY, 4 * DAY, 8 * DAY, 16 * DAY, 30 * DAY, 30 * DAY, 30 * DAY]);
  });
});

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const verdict = fc.constantFrom('DRIFT', 'NO_DRIFT', 'TOO_FEW_ROWS' as const);
const seconds = fc.integer({ min: -400 * DAY, max: 400 * DAY });

const anyInputs: fc.Arbitrary<DecisionInputs> = fc.record({
  at: seconds.map(ago),
  window: fc.record({
    from: fc.constant(ago(HOUR)),
    to: fc.constant(AT),
    rows: fc.nat(),
    minimumRows: fc.nat(),
    verdict,
    drifted: fc.array(fc.string(), { maxLength: 8 }),
  }),
  persistence: fc.option(
    fc.record({ k: fc.integer({ min: 1, max: 3 }), n: fc.integer({ min: 3, max: 6 }), verdicts: fc.array(verdict) }),
  ),
  quality: fc.option(
    fc.record({
      metric: fc.constant('rmse'),
      direction: fc.constantFrom('HIGHER_IS_BETTER', 'LOWER_IS_BETTER' as const),
      floor: finite,
      value: fc.option(finite),
      low: fc.option(finite),
      high: fc.option(finite),
      outcomes: fc.nat(),
      minimumOutcomes: fc.nat(),
    }),
  ),
  age: fc.option(fc.record({ seconds: fc.nat(), maximumSeconds: fc.nat() })),
  brakes: fc.record({
    underWay: fc.boolean(),
    lastBegan: fc.option(seconds.map(ago)),
    coolDownSeconds: fc.integer({ min: 0, max: 60 * DAY }),
    failures: fc.integer({ min: 0, max: 2000 }),
    today: fc.nat({ max: 5 }),
    perDay: fc.integer({ min: 1, max: 5 }),
  }),
});

describe('every decision', () => {
  it('is a retraining only with a trigger that holds and no brake that does', () => {
    fc.assert(
      fc.property(anyInputs, (given) => {
        const decision = decide(given);
        const held = (kind: string): boolean => decision.steps.some((step) => step.kind === kind && step.holds);
        expect(DECISION_VERDICTS).toContain(decision.verdict);
        expect(decision.verdict === 'RETRAIN').toBe(held('TRIGGER') && !held('BRAKE'));
        expect(decision.trigger !== null).toBe(held('TRIGGER'));
        expect(decision.reason).not.toMatch(/NaN|undefined|null/);
      }),
      { numRuns: 1000 },
    );
  });

  it('never starts a retraining while one goes on, in the cool-down, beyond the limit, or soon after a failure', () => {
    fc.assert(
      fc.property(anyInputs, (given) => {
        if (decide(given).verdict !== 'RETRAIN') return;
        const { underWay, today, perDay, lastBegan, coolDownSeconds, failures } = given.brakes;
        expect(underWay).toBe(false);
        expect(today).toBeLessThan(perDay);
        if (lastBegan === null) return;
        const elapsed = (Date.parse(given.at) - Date.parse(lastBegan)) / 1000;
        expect(elapsed).toBeGreaterThanOrEqual(coolDownSeconds);
        expect(elapsed).toBeGreaterThanOrEqual(backOffSeconds(coolDownSeconds, failures));
      }),
      { numRuns: 1000 },
    );
  });

  it('is not freed by a clock that jumps back', () => {
    fc.assert(
      fc.property(anyInputs, fc.nat({ max: 400 * DAY }), (given, jump) => {
        const earlier = { ...given, at: new Date(Date.parse(given.at) - jump * 1000).toISOString() };
        expect(!(decide(earlier).verdict === 'RETRAIN' && decide(given).verdict !== 'RETRAIN')).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('is the same for the same inputs, also after a way through JSON', () => {
    fc.assert(
      fc.property(anyInputs, (given) => {
        expect(decide(JSON.parse(JSON.stringify(given)) as DecisionInputs)).toEqual(decide(given));
      }),
    );
  });
});

describe('a limit of costs', () => {
  const limit = { most: 1, trainings: 4, spent: 0, perRetraining: null, perMonth: null };
  const costing = (cost: object) => decide(inputs({ brakes: { cost: { ...limit, ...cost } } }));

  it('lets retrainings begin that keep it, and says what they may cost', () => {
    const decision = costing({ perRetraining: 1, perMonth: 10, spent: 9 });
    expect(decision.verdict).toBe('RETRAIN');
    expect(decision.steps.at(-1)).toEqual({
      rule: 'COST_LIMIT',
      kind: 'BRAKE',
      holds: false,
      explanation:
        'A retraining of 4 trainings may cost $1.00; $9.00 of $10.00 went to retrainings in the last 30 days.',
    });
  });

  it('holds what may cost more at once, or with what was spent before', () => {
    expect(costing({ perRetraining: 0.99 })).toMatchObject({
      verdict: 'COST_LIMIT',
      trigger: 'DRIFT',
      reason: expect.stringContaining(
        'may cost $1.00, more than the $0.99 that one may. Lower TRAINING_TIMEOUT_SECONDS',
      ),
    });
    expect(costing({ perMonth: 10, spent: 9.01 }).verdict).toBe('COST_LIMIT');
  });

  it('holds everything where prices are unknown', () => {
    expect(costing({ perMonth: 10, most: null })).toMatchObject({
      verdict: 'COST_LIMIT',
      reason: expect.stringContaining('in SAGEMAKER_PRICES.'),
    });
  });
});
