import type { FeatureType } from '../../schema/signature.js';
import { normalSurvival } from '../special-functions.js';
import { chiSquare, proportionTest, type TestResult, zTest } from './contingency.js';
import { divergencePValue, hellinger, jensenShannon, kl, psi } from './divergences.js';
import { ks } from './kolmogorov-smirnov.js';
import { type Counts, filledShares, sharesOf, type Shares, totalOf } from './shares.js';
import { wassersteinNormed } from './wasserstein.js';

/** What a comparison of reference and current rows says; a threshold turns it into a verdict. */
export interface Comparison {
  readonly score: number;
  /** Size of the change whatever the number of rows, in the unit that the method names. */
  readonly effectSize: number;
  /** Chance of such a score without any drift; null where there is no formula for it. */
  readonly pValue: number | null;
}

interface Method {
  /** Columns it applies to. */
  readonly types: readonly FeatureType[];
  /** ABOVE: a distance, drift from the threshold on. BELOW: the score is a p-value, drift up to the threshold. */
  readonly drift: 'ABOVE' | 'BELOW';
  readonly defaultThreshold: number;
  /** Largest score there is, infinite for unbounded ones; the smallest is 0. */
  readonly largest: number;
  /** Base of the logarithms in the score. */
  readonly logBase: 'e' | null;
  /** Name of the effect size. */
  readonly effect: string;
  /** A test finds any change in enough rows; one with a smaller effect is no drift. 0 where the score is the effect. */
  readonly minimumEffect: number;
}

/** Compares counts by group, in microseconds whatever the number of rows. */
export interface CountMethod extends Method {
  readonly needs: 'COUNTS';
  /** What the groups are: values (10 groups by default), known and missing rows, kept and unseen categories. */
  readonly groups: 'VALUES' | 'MISSING' | 'UNSEEN';
  readonly compare: (reference: Counts, current: Counts) => Comparison;
}

/** Compares raw values, finite ones only. */
export interface SampleMethod extends Method {
  readonly needs: 'SAMPLE';
  readonly compare: (reference: Float64Array, current: Float64Array) => Comparison;
}

export type DriftMethod = CountMethod | SampleMethod;

export const METHOD_NAMES = [
  'psi',
  'jensen_shannon',
  'kl',
  'wasserstein_normed',
  'ks',
  'chi_square',
  'z_test',
  'hellinger',
  'missing_share',
  'unseen_share',
] as const;

export type MethodName = (typeof METHOD_NAMES)[number];

const ANY: readonly FeatureType[] = ['NUMBER', 'BOOLEAN', 'STRING'];

/** A distance between shares, with the factor that makes it Pearson's close to equality (see `divergencePValue`). */
function divergence(
  effect: string,
  [defaultThreshold, largest]: readonly [number, number],
  shares: (counts: Counts, other: Counts) => Shares,
  distance: (p: Shares, q: Shares) => number,
  toPearson: (score: number) => number,
): CountMethod {
  const compare = (reference: Counts, current: Counts): Comparison => {
    const score = distance(shares(reference, current), shares(current, reference));
    return { score, effectSize: score, pValue: divergencePValue(toPearson(score), reference, current) };
  };
  const rule = { types: ANY, drift: 'ABOVE', defaultThreshold, largest, logBase: 'e', minimumEffect: 0 } as const;
  return { needs: 'COUNTS', groups: 'VALUES', effect, ...rule, compare };
}

/** The share of the second of two groups of rows as a signal of its own. */
function shareSignal(
  groups: 'MISSING' | 'UNSEEN',
  types: readonly FeatureType[],
  compareShares: (test: TestResult, change: number) => Comparison,
): CountMethod {
  const compare = (reference: Counts, current: Counts): Comparison => {
    const [rows, currentRows] = [totalOf(reference), totalOf(current)];
    const test = proportionTest(reference[1]!, rows, current[1]!, currentRows);
    return compareShares(test, current[1]! / currentRows - reference[1]! / rows);
  };
  const rule = { drift: 'ABOVE', defaultThreshold: 0.05, largest: 1, logBase: null, minimumEffect: 0 } as const;
  return { needs: 'COUNTS', groups, types, effect: "Cohen's h", ...rule, compare };
}

/** Change of a share in either direction, in points. */
function anyChange({ effectSize, pValue }: TestResult, change: number): Comparison {
  return { score: Math.abs(change), effectSize, pValue };
}

/** Rise of a share, in points, with the one-sided p-value. */
function rise({ effectSize, statistic }: TestResult, change: number): Comparison {
  return { score: Math.max(0, change), effectSize: change > 0 ? effectSize : 0, pValue: normalSurvival(statistic) };
}

const TEST = { drift: 'BELOW', defaultThreshold: 0.01, largest: 1, logBase: null } as const;

/**
 * Every drift method by its name. For orientation: a normal column that shifts by δ standard deviations gives
 * PSI ≈ 2 KL ≈ δ², Jensen–Shannon ≈ Hellinger ≈ 0.35 δ, Cramér's V ≈ 0.5 δ, Kolmogorov–Smirnov's D ≈ 0.4 δ and
 * Wasserstein = δ. So the default thresholds of the distances stand for shifts of about 0.3 σ (Wasserstein: 0.1 σ).
 */
export const DRIFT_METHODS: Readonly<Record<MethodName, DriftMethod>> = {
  psi: divergence('PSI', [0.1, Infinity], filledShares, psi, (score) => score),
  kl: divergence('Kullback–Leibler divergence', [0.05, Infinity], filledShares, kl, (score) => 2 * score),
  jensen_shannon: divergence(
    'Jensen–Shannon distance',
    [0.1, Math.sqrt(Math.LN2)],
    sharesOf,
    jensenShannon,
    (score) => 8 * score ** 2,
  ),
  hellinger: {
    ...divergence('Hellinger distance', [0.1, 1], sharesOf, hellinger, (score) => 8 * score ** 2),
    logBase: null,
  },
  chi_square: {
    needs: 'COUNTS',
    groups: 'VALUES',
    types: ANY,
    ...TEST,
    effect: "Cramér's V",
    minimumEffect: 0.1,
    compare: (reference, current) => scoredByPValue(chiSquare(reference, current)),
  },
  z_test: {
    needs: 'COUNTS',
    groups: 'VALUES',
    types: ['BOOLEAN'],
    ...TEST,
    effect: "Cohen's h",
    minimumEffect: 0.2,
    compare: (reference, current) => scoredByPValue(zTest(reference, current)),
  },
  ks: {
    needs: 'SAMPLE',
    types: ['NUMBER'],
    ...TEST,
    effect: "Kolmogorov–Smirnov's D",
    minimumEffect: 0.1,
    compare: (reference, current) => {
      const { distance, pValue } = ks(reference, current);
      return scoredByPValue({ pValue, effectSize: distance });
    },
  },
  wasserstein_normed: {
    needs: 'SAMPLE',
    types: ['NUMBER'],
    drift: 'ABOVE',
    defaultThreshold: 0.1,
    largest: Infinity,
    logBase: null,
    effect: 'Wasserstein distance in σ of the reference',
    minimumEffect: 0,
    compare: (reference, current) => {
      const score = wassersteinNormed(reference, current);
      return { score, effectSize: score, pValue: null };
    },
  },
  missing_share: shareSignal('MISSING', ANY, anyChange),
  // Fewer unseen categories than the reference let expect are no reason for concern.
  unseen_share: shareSignal('UNSEEN', ['STRING'], rise),
};

function scoredByPValue({ pValue, effectSize }: { pValue: number; effectSize: number }): Comparison {
  return { score: pValue, effectSize, pValue };
}
