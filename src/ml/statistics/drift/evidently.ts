import { chiSquareSurvival } from '../special-functions.js';
import { zTest } from './contingency.js';
import { jensenShannon, kl, psi } from './divergences.js';
import { binnedShares, type KnownValues, numbers, type Value, valueCounts, withoutZeros } from './evidently-bins.js';
import { ks } from './kolmogorov-smirnov.js';
import { type Counts, totalOf } from './shares.js';
import { wassersteinNormed } from './wasserstein.js';

type Numbers = Float64Array | Float32Array;

/** Raw values of one column. NaN, ±∞ and '' are missing. */
export interface EvidentlyColumn {
  readonly name: string;
  readonly kind: 'NUMERICAL' | 'CATEGORICAL';
  readonly reference: Numbers | readonly string[];
  readonly current: Numbers | readonly string[];
}

export type EvidentlyMethod = 'ks' | 'chi_square' | 'z_test' | 'wasserstein_normed' | 'jensen_shannon' | 'psi' | 'kl';

export interface EvidentlyVerdict {
  readonly name: string;
  readonly method: EvidentlyMethod;
  readonly score: number;
  readonly threshold: number;
  readonly drifted: boolean;
}

export interface EvidentlyDataSetVerdict {
  readonly columns: readonly EvidentlyVerdict[];
  readonly drifted: number;
  readonly datasetDrift: boolean;
}

/** Share of drifted columns from which on the data set has drifted. */
const DATA_SET_SHARE = 0.5;
/** Up to as many known reference rows are tested, more are measured. */
const MOST_ROWS_TESTED = 1000;
/** Up to as many distinct numbers count as categories. */
const MOST_DISTINCT_CATEGORICAL = 5;

/**
 * Mode `evidently`: the verdicts of the data-drift preset of Evidently 0.7 with its default settings, to compare with
 * or to move from it. It neither corrects for the number of columns nor asks for a smallest number of rows.
 * @throws RangeError if a column has no known value on one side, or a numerical one has strings.
 */
export function evidentlyDrift(columns: readonly EvidentlyColumn[]): EvidentlyDataSetVerdict {
  return evidentlyDataSetDrift(columns.map((column) => evidentlyColumnDrift(column)));
}

/** The verdict on the data set from those on its columns. */
export function evidentlyDataSetDrift(columns: readonly EvidentlyVerdict[]): EvidentlyDataSetVerdict {
  const drifted = columns.filter((column) => column.drifted).length;
  return { columns, drifted, datasetDrift: drifted > 0 && drifted / columns.length >= DATA_SET_SHARE };
}

/**
 * One column by the method that Evidently chooses for it, or by the one given.
 * @throws RangeError if it has no known value on one side, or its values don't suit the method.
 */
export function evidentlyColumnDrift(column: EvidentlyColumn, chosen?: EvidentlyMethod): EvidentlyVerdict {
  const values = { kind: column.kind, reference: known(column.reference), current: known(column.current) };
  if (values.reference.length === 0 || values.current.length === 0) {
    throw new RangeError(
      `Column ${column.name} has no known value in the reference or in the current rows: leave it out`,
    );
  }
  const method = chosen ?? chooseMethod(values);
  const { threshold, drifts, scoreOf } = RULES[method];
  const score = scoreOf(values);
  return { name: column.name, method, score, threshold, drifted: drifts(score, threshold) };
}

function known(values: Numbers | readonly string[]): Value[] {
  return Array.from<Value>(values).filter((value) =>
    typeof value === 'string' ? value !== '' : Number.isFinite(value),
  );
}

function chooseMethod({ kind, reference, current }: KnownValues): EvidentlyMethod {
  const distinct = new Set([...reference, ...current]).size;
  const numeric = kind === 'NUMERICAL' && distinct > MOST_DISTINCT_CATEGORICAL;
  if (reference.length > MOST_ROWS_TESTED) return numeric ? 'wasserstein_normed' : 'jensen_shannon';
  if (numeric) return 'ks';
  return distinct > 2 ? 'chi_square' : 'z_test';
}

interface Rule {
  readonly threshold: number;
  readonly drifts: (score: number, threshold: number) => boolean;
  readonly scoreOf: (values: KnownValues) => number;
}

const atLeast = (score: number, threshold: number): boolean => score >= threshold;
const atMost = (score: number, threshold: number): boolean => score <= threshold;
const below = (score: number, threshold: number): boolean => score < threshold;

const RULES: Readonly<Record<EvidentlyMethod, Rule>> = {
  ks: {
    threshold: 0.05,
    drifts: atMost,
    scoreOf: ({ reference, current }) => ks(numbers(reference), numbers(current)).pValue,
  },
  chi_square: {
    threshold: 0.05,
    drifts: below,
    scoreOf: ({ reference, current }) => goodnessOfFit(...valueCounts(reference, current)),
  },
  z_test: {
    threshold: 0.05,
    drifts: below,
    scoreOf: ({ reference, current }) => zTest(...valueCounts(reference, current)).pValue,
  },
  wasserstein_normed: {
    threshold: 0.1,
    drifts: atLeast,
    scoreOf: ({ reference, current }) => wassersteinNormed(numbers(reference), numbers(current)),
  },
  jensen_shannon: { threshold: 0.1, drifts: atLeast, scoreOf: (values) => jensenShannon(...binnedShares(values)) },
  psi: { threshold: 0.1, drifts: atLeast, scoreOf: (values) => psi(...filledShares(values)) },
  kl: { threshold: 0.1, drifts: atLeast, scoreOf: (values) => kl(...filledShares(values)) },
};

function filledShares(values: KnownValues) {
  const [reference, current] = binnedShares(values);
  return [withoutZeros(reference), withoutZeros(current)] as const;
}

/**
 * P-value of Pearson's goodness of fit of the current counts to the reference's shares. It takes the reference for exact
 * expected counts, as if it had no chance in it, so it fires more often than a test of two samples should.
 */
function goodnessOfFit(reference: Counts, current: Counts): number {
  const scale = totalOf(current) / totalOf(reference);
  let statistic = 0;
  for (let i = 0; i < reference.length; i++) {
    const expected = reference[i]! * scale;
    statistic += (current[i]! - expected) ** 2 / expected;
  }
  return reference.length < 2 ? 1 : chiSquareSurvival(statistic, reference.length - 1);
}
