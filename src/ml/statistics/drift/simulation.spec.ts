import type { FeatureType } from '../../schema/signature.js';
import { type Binning, categoricalBinning, count, numericBinning } from '../binning.js';
import { Random } from '../random.js';
import { compareColumn, type DriftColumn } from './column.js';
import { driftPersists, judgeDrift, type Verdict } from './verdict.js';

// Looking up a global is slow in the test runner's context, and there are millions of draws.
const { cos, exp, floor, log, PI, sqrt } = Math;

/** A standard normal number (Box and Muller 1958). */
function normal(random: Random): number {
  return sqrt(-2 * log(1 - random.uniform())) * cos(2 * PI * random.uniform());
}

interface Feature {
  readonly type: FeatureType;
  readonly draw: (random: Random) => number | string;
}

const CITIES = Array.from({ length: 30 }, (_, i) => `city ${i}`);

/** Ten features as they occur: symmetric, skewed, with many zeros, discrete, with gaps, binary, few and many categories. */
const FEATURES: readonly Feature[] = [
  { type: 'NUMBER', draw: (random) => normal(random) },
  { type: 'NUMBER', draw: (random) => normal(random) },
  { type: 'NUMBER', draw: (random) => exp(normal(random)) },
  { type: 'NUMBER', draw: (random) => random.uniform() * 50 },
  { type: 'NUMBER', draw: (random) => (random.uniform() < 0.6 ? 0 : -log(1 - random.uniform())) },
  { type: 'NUMBER', draw: (random) => floor(random.uniform() ** 2 * 25) },
  { type: 'NUMBER', draw: (random) => (random.uniform() < 0.15 ? NaN : normal(random) + normal(random)) },
  { type: 'BOOLEAN', draw: (random) => (random.uniform() < 0.2 ? 1 : 0) },
  { type: 'STRING', draw: (random) => 'aaaabbbccd'[random.below(10)]! },
  { type: 'STRING', draw: (random) => CITIES[floor(random.uniform() ** 2 * 30)]! },
];

const POPULATION = 1000;
/** Many, since all windows of a model share the accidents of its reference. */
const MODELS = 100;
const WINDOWS_OF_MODEL = 10;
/** "2 of the last 3" can say nothing yet in a model's first two windows, so they are not counted. */
const WARM_UP = 2;
const K_OF_N = { k: 2, n: 3 };

type Population = Float64Array | readonly string[];

function isNumeric(values: Population): values is Float64Array {
  return ArrayBuffer.isView(values);
}

function populationOf({ type, draw }: Feature, random: Random): Population {
  const values = Array.from({ length: POPULATION }, () => draw(random));
  return type === 'STRING' ? values.map(String) : Float64Array.from(values, Number);
}

function shifted(values: Population, shift: number): Population {
  return isNumeric(values) ? values.map((value) => value + shift) : values;
}

/** Rows drawn with replacement, so that reference and windows come from one and the same distribution. */
function sample(values: Population, rows: number, random: Random): Population {
  const drawn = isNumeric(values) ? new Float64Array(rows) : new Array<string>(rows);
  for (let row = 0; row < rows; row++) drawn[row] = values[random.below(POPULATION)]!;
  return drawn;
}

function binningOf(reference: Population): Binning {
  if (isNumeric(reference)) return numericBinning(reference)!;
  // One city is too rare to be kept in training.
  return categoricalBinning([...new Set(reference)].filter((city) => city !== 'city 29'));
}

/** Counts of windows, each of rows drawn with replacement from a population: an urn of the bins that its rows fall into. */
function windowsOf(binning: Binning, population: Population): (rows: number, random: Random) => Uint32Array {
  const cells = count(binning, population);
  const urn = new Int32Array(POPULATION);
  let filled = 0;
  cells.forEach((rows, bin) => urn.fill(bin, filled, (filled += rows)));
  return (rows, random) => {
    const counts = cells.slice().fill(0);
    for (let row = 0; row < rows; row++) counts[urn[random.below(POPULATION)]!]!++;
    return counts;
  };
}

const POPULATIONS = FEATURES.map((feature, i) => populationOf(feature, new Random(7, i)));

interface Setting {
  readonly referenceRows: number;
  readonly rows: number;
  /** Of the first feature, a standard normal one. */
  readonly shift: number;
}

/** Verdicts of the default checks on consecutive windows of one model. */
function verdictsOf(seed: number, { referenceRows, rows, shift }: Setting): Verdict[] {
  const random = new Random(seed);
  const features = FEATURES.map((feature, i) => {
    const population = POPULATIONS[i]!;
    const values = sample(population, referenceRows, random);
    const binning = binningOf(values);
    const drawWindow = windowsOf(binning, i === 0 ? shifted(population, shift) : population);
    return { name: `x${i}`, type: feature.type, binning, reference: count(binning, values), drawWindow };
  });
  return Array.from({ length: WARM_UP + WINDOWS_OF_MODEL }, () => {
    const columns = features.map(({ name, type, binning, reference, drawWindow }): DriftColumn => {
      return { name, type, counts: { binning, reference, current: drawWindow(rows, random) } };
    });
    return judgeDrift(columns).verdict;
  });
}

/** Shares of alarming windows, each alone and by k of n. */
function simulate(what: string, setting: Setting) {
  let [alone, persisting] = [0, 0];
  for (let model = 0; model < MODELS; model++) {
    const verdicts = verdictsOf(1000 + model, setting);
    expect(verdicts).not.toContain('TOO_FEW_ROWS');
    for (let i = WARM_UP; i < verdicts.length; i++) {
      if (verdicts[i] === 'DRIFT') alone++;
      if (driftPersists(verdicts.slice(0, i + 1), K_OF_N)) persisting++;
    }
  }
  const windows = MODELS * WINDOWS_OF_MODEL;
  const [ofAlone, ofPersisting] = [alone / windows, persisting / windows].map(
    (share) => `${(100 * share).toFixed(1)} %`,
  );
  process.stdout.write(
    `${what}, reference of ${setting.referenceRows} rows: of ${windows} windows of ${setting.rows} rows, ` +
      `${ofAlone} alarm alone and ${ofPersisting} by 2 of the last 3\n`,
  );
  return { windows, alone: alone / windows, persisting: persisting / windows };
}

describe('default checks of mode boucle, simulated on ten features', () => {
  it.each([700, 250])('alarm in at most 1 %% of windows without drift, reference of %d rows', (referenceRows) => {
    const shares = simulate('no drift', { referenceRows, rows: 500, shift: 0 });
    expect(shares.windows).toBe(1000);
    expect(shares.persisting).toBeLessThanOrEqual(0.01);
  });

  it.each([700])('find 0.5 σ in one feature in at least 95 %% of windows, reference of %d rows', (referenceRows) => {
    const shares = simulate('0.5 σ in one of ten features', { referenceRows, rows: 500, shift: 0.5 });
    expect(shares.windows).toBe(1000);
    expect(shares.alone).toBeGreaterThanOrEqual(0.95);
    expect(shares.persisting).toBeGreaterThanOrEqual(0.95);
  });
});

describe('PSI without drift', () => {
  it('passes 0.1 by chance over 64 groups in nearly every window of 500 rows, over 10 in none', () => {
    const random = new Random(3);
    const population = POPULATIONS[0]!;
    const values = sample(population, 2000, random);
    const binning = binningOf(values);
    const drawWindow = windowsOf(binning, population);
    const reference = count(binning, values);
    const share = (groups: number): number => {
      const scores = Array.from({ length: 300 }, () => {
        const counts = { binning, reference, current: drawWindow(500, random) };
        const column = { name: 'x', type: 'NUMBER', counts } as const;
        return compareColumn(column, { method: 'psi' }, { groups, rowsPerGroup: 1 }).comparison!.score;
      });
      return scores.filter((score) => score >= 0.1).length / scores.length;
    };
    expect(share(64)).toBeGreaterThan(0.95);
    expect(share(10)).toBe(0);
  });
});
