import type { MethodName } from '../../../ml/statistics/drift/methods.js';
import type { CheckVerdict, Verdict } from '../../../ml/statistics/drift/verdict.js';
import type { QualityMetric, ReportBar, ReportColumn, ReportDistribution, ReportDocument } from '../report-document.js';
import { shorten } from '../../../platform/page/labels.js';
import { count, percent, plural } from '../../../platform/page/numbers.js';
import { allRows, knownRows, type Sides, sharesOf } from './shares.js';

interface MethodWords {
  readonly title: string;
  /** What it measures, in a sentence for people who don't know it. */
  readonly measures: string;
}

export const METHOD_WORDS: Readonly<Record<MethodName, MethodWords>> = {
  psi: {
    title: 'Population stability index',
    measures: 'Adds up, over groups of values, how far the shares of rows have moved, in proportion to their size.',
  },
  jensen_shannon: {
    title: 'Jensen–Shannon distance',
    measures: 'Distance of both distributions from their average: 0 if they are equal, 0.83 if they share nothing.',
  },
  kl: {
    title: 'Kullback–Leibler divergence',
    measures: 'Information lost by describing the current rows with the distribution of the reference.',
  },
  wasserstein_normed: {
    title: 'Wasserstein distance',
    measures:
      'How far values have to move, on average, to turn one distribution into the other, in standard deviations.',
  },
  ks: {
    title: 'Kolmogorov–Smirnov test',
    measures: 'Chance of so large a gap between the two cumulative distributions if nothing had changed.',
  },
  chi_square: {
    title: 'Chi-squared test',
    measures: 'Chance of so different counts by group if both sides came from one distribution.',
  },
  z_test: {
    title: 'Z-test of two shares',
    measures: 'Chance of so different shares of the two values if nothing had changed.',
  },
  hellinger: {
    title: 'Hellinger distance',
    measures: 'Distance between the square roots of the shares: 0 if they are equal, 1 if they share nothing.',
  },
  missing_share: {
    title: 'Share of missing values',
    measures: 'Change of the share of rows without a value, in either direction.',
  },
  unseen_share: {
    title: 'Share of unseen categories',
    measures: 'Rise of the share of rows with a category that training did not keep.',
  },
};

export const VERDICT_WORDS: Readonly<Record<Verdict, string>> = {
  DRIFT: 'Drift',
  NO_DRIFT: 'No drift',
  TOO_FEW_ROWS: 'Too few rows',
};

export const ROLE_WORDS: Readonly<Record<ReportColumn['role'], string>> = {
  FEATURE: 'Feature',
  OUTPUT: 'Prediction',
  PROBABILITY: 'Confidence of the prediction',
};

export function headline({ verdict, drifted, judged, rows, columns }: ReportDocument): string {
  if (verdict === 'DRIFT') return `Drift in ${drifted} of ${plural(columns.length, 'column')}`;
  if (verdict === 'TOO_FEW_ROWS') return rows === 0 ? 'No predictions to judge' : 'Too few rows to judge';
  return drifted === 0
    ? `No drift in ${plural(judged, 'column')}`
    : `No drift overall, but in ${plural(drifted, 'column')}`;
}

/** After a name: right-to-left letters must not draw the figures behind them to their side. */
const LEFT_TO_RIGHT = '\u200e';

export function barInWords({ label }: ReportBar, { reference, current }: Sides): string {
  return `${shorten(label)}${LEFT_TO_RIGHT}: ${percent(reference)} of the reference, ${percent(current)} now`;
}

/** Where rows went to and from, the largest changes first. */
export function changeInWords(distribution: ReportDistribution): string {
  const known = knownRows(distribution);
  if (known.current === 0) return `No current rows have a value.${missingInWords(distribution)}`;
  if (known.reference === 0) return `No reference rows have a value.${missingInWords(distribution)}`;
  const changes = distribution.bars.map((bar) => {
    const shares = sharesOf(bar, known);
    return { bar, shares, change: shares.current - shares.reference };
  });
  const up = changes.reduce((most, next) => (next.change > most.change ? next : most));
  const down = changes.reduce((most, next) => (next.change < most.change ? next : most));
  if (up.change < 0.005 && down.change > -0.005)
    return `All shares are within half a point.${missingInWords(distribution)}`;
  const words = ({ bar, shares }: typeof up): string =>
    `${shorten(bar.label, 40)}${LEFT_TO_RIGHT} (${percent(shares.reference)} → ${percent(shares.current)})`;
  return `Largest rise: ${words(up)}. Largest fall: ${words(down)}.${missingInWords(distribution)}`;
}

function missingInWords(distribution: ReportDistribution): string {
  const { reference, current } = sharesOf(distribution.missing, allRows(distribution));
  if (reference + current === 0) return '';
  return ` Missing: ${percent(reference)} → ${percent(current)}.`;
}

export function wayInWords({ way, referenceRows, currentRows }: CheckVerdict): string {
  const rows = `${count(currentRows)} against ${count(referenceRows)} rows`;
  return way === 'COUNTS' ? `Counts of ${rows}` : `Sample of ${rows}`;
}

/** How a metric's band stands to the holdout: only a band that lies wholly beyond it says anything. */
export function qualityReading({
  value,
  low,
  high,
  holdout,
  higherIsBetter,
}: QualityMetric): 'WORSE' | 'BETTER' | 'EQUAL' | null {
  if (value === null || low === null || high === null || holdout === null) return null;
  if (low <= holdout && holdout <= high) return 'EQUAL';
  return low > holdout === higherIsBetter ? 'BETTER' : 'WORSE';
}
