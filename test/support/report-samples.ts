import type { CheckVerdict, Verdict } from '../../src/ml/statistics/drift/verdict.js';
import type {
  ReportBar,
  ReportColumn,
  ReportDocument,
  WindowQuality,
} from '../../src/monitoring/reports/report-document.js';

/** Documents of every kind that a page must be able to show. Their figures are made up, but of the sizes of real ones. */

function check(over: Partial<CheckVerdict> = {}): CheckVerdict {
  const score = { score: 0.412, effectSize: 0.412, pValue: 3.2e-19, adjustedPValue: 1.1e-18 };
  const rows = { referenceRows: 8_412, currentRows: 1_204, minimumRows: 500 };
  return { method: 'psi', way: 'COUNTS', verdict: 'DRIFT', threshold: 0.1, ...score, ...rows, ...over };
}

const calm = { verdict: 'NO_DRIFT', score: 0.021, effectSize: 0.021, pValue: 0.23, adjustedPValue: 0.41 } as const;
const unknown = { verdict: 'TOO_FEW_ROWS', score: null, effectSize: null, pValue: null, adjustedPValue: null } as const;
const noneMissing = { ...calm, method: 'missing_share', threshold: 0.05, score: 0, effectSize: 0, pValue: 1 } as const;

function normal(at: number, mean: number): number {
  return Math.exp(-((at - mean) ** 2) / 2);
}

/** Bars between quantile-like edges, with open ends; the current side moves by `shift` standard deviations. */
export function numericBars(shift: number, [scale, origin] = [8, 54]): ReportBar[] {
  const edges = [-2.4, -1.6, -1.2, -0.9, -0.65, -0.4, -0.2, 0, 0.2, 0.4, 0.65, 0.9, 1.2, 1.6, 2.4];
  const at = (z: number): number => Number((origin + scale * z).toFixed(2));
  const rows = (n: number, mean: number, from: number, to: number): number =>
    Math.round(n * 0.3989 * normal((from + to) / 2, mean) * (to - from));
  const inner = edges.slice(1).map((to, i): ReportBar => {
    const [lower, upper] = [at(edges[i]!), at(to)];
    const counts = { reference: rows(8_412, 0, edges[i]!, to), current: rows(1_204, shift, edges[i]!, to) };
    return { label: `${lower} to ${upper}`, lower, upper, ...counts };
  });
  const [low, high] = [inner[0]!.lower, inner.at(-1)!.upper];
  const below: ReportBar = {
    label: `below ${low}`,
    lower: null,
    upper: low,
    reference: 66,
    current: shift > 1 ? 0 : 9,
  };
  const above = {
    label: `${high} or more`,
    lower: high,
    upper: null,
    reference: 70,
    current: rows(1_204, shift, 2.4, 4),
  };
  return [below, ...inner, above];
}

export function numericColumn(name: string, shift: number, over: Partial<ReportColumn> = {}): ReportColumn {
  const drifted = shift > 0.3;
  return {
    name,
    role: 'FEATURE',
    type: 'NUMBER',
    verdict: drifted ? 'DRIFT' : 'NO_DRIFT',
    checks: [
      drifted ? check({ score: shift ** 2, effectSize: shift ** 2 }) : check({ ...calm, score: shift ** 2 }),
      check(noneMissing),
    ],
    distribution: { kind: 'NUMERIC', bars: numericBars(shift), missing: { reference: 0, current: 0 } },
    ...over,
  };
}

export function categoryColumn(
  name: string,
  labels: readonly string[],
  over: Partial<ReportColumn> = {},
): ReportColumn {
  const bars = labels.map((label, i): ReportBar => {
    return { label, lower: null, upper: null, reference: Math.round(2400 / (i + 1.3)), current: 40 + ((i * 37) % 90) };
  });
  return {
    name,
    role: 'FEATURE',
    type: 'STRING',
    verdict: 'DRIFT',
    checks: [
      check({ score: 0.731, effectSize: 0.731 }),
      check({ method: 'chi_square', score: 2e-31, pValue: 2e-31, effectSize: 0.34, threshold: 0.01 }),
      check({ ...calm, method: 'unseen_share', threshold: 0.05, score: 0.012, effectSize: 0.08 }),
      check({ method: 'missing_share', threshold: 0.05, score: 0.112, effectSize: 0.51 }),
    ],
    distribution: { kind: 'CATEGORICAL', bars, missing: { reference: 12, current: 160 } },
    ...over,
  };
}

export const QUALITY: WindowQuality = {
  predictions: 1_204,
  labelled: 873,
  rows: 873,
  confidence: 0.95,
  metrics: [
    { name: 'accuracy', higherIsBetter: true, value: 0.781, low: 0.752, high: 0.808, holdout: 0.842 },
    { name: 'rocAuc', higherIsBetter: true, value: 0.874, low: 0.851, high: 0.897, holdout: 0.884 },
    { name: 'logLoss', higherIsBetter: false, value: 0.402, low: 0.371, high: 0.436, holdout: 0.352 },
    { name: 'brier', higherIsBetter: false, value: 0.121, low: 0.11, high: 0.133, holdout: 0.148 },
    { name: 'prAuc', higherIsBetter: true, value: null, low: null, high: null, holdout: 0.71 },
  ],
  estimate: {
    method: 'CBPE',
    metrics: [],
    assumptions: ['the probabilities are calibrated', 'the relation of inputs to outcomes has not changed'],
    refused: 'the probabilities were not calibrated on the holdout (calibration error 0.14, at most 0.05 is taken).',
  },
  notes: ['Outcomes of 331 predictions have not arrived yet.'],
};

function documentOf(columns: readonly ReportColumn[], over: Partial<ReportDocument> = {}): ReportDocument {
  const drifted = columns.filter(({ verdict }) => verdict === 'DRIFT').length;
  const judged = columns.filter(({ verdict }) => verdict !== 'TOO_FEW_ROWS').length;
  const verdict: Verdict = drifted > 0 ? 'DRIFT' : judged > 0 ? 'NO_DRIFT' : 'TOO_FEW_ROWS';
  const names = columns.filter((column) => column.verdict === 'DRIFT').map(({ name }) => name);
  return {
    id: '0198f3aa-7c1e-7d43-9b1f-3f2f6a1f0c11',
    model: 'Seattle weather',
    task: 'CLASSIFICATION',
    version: 7,
    algorithm: 'RANDOM_FOREST',
    from: '2026-11-24T03:00:00.000Z',
    to: '2026-11-24T04:00:00.000Z',
    createdAt: '2026-11-24T04:00:01.204Z',
    mode: 'BOUCLE',
    verdict,
    summary:
      drifted > 0
        ? `${drifted} of ${judged} judged columns left the distribution of the training rows: ${names.slice(0, 3).join(', ')}.`
        : 'Every judged column has the distribution of the training rows.',
    rows: 1_204,
    referenceRows: 8_412,
    drifted,
    judged,
    columns,
    quality: QUALITY,
    ...over,
  };
}

const WEATHER = ['drizzle', 'fog', 'rain', 'snow', 'sun'];
const CITIES =
  'Amsterdam,Barcelona,Copenhagen,Dublin,Edinburgh,Frankfurt am Main,Göteborg,Helsinki,Innsbruck,Jyväskylä,Kraków,Lisbon,Montpellier,Newcastle upon Tyne,Oslo,Porto,Reykjavík,Salzburg,Tallinn,Uppsala'.split(
    ',',
  );

const output = categoryColumn('weather', WEATHER, { role: 'OUTPUT' });
const confidence = numericColumn('weather', 0.12, {
  role: 'PROBABILITY',
  distribution: { kind: 'NUMERIC', bars: numericBars(0.12, [0.11, 0.62]), missing: { reference: 0, current: 0 } },
});

/** Most rows stand in a few narrow bars: no axis of numbers would show them. */
const skewed: ReportBar[] = [0, 0, 1, 2, 5, 12, 40, 180, 1_000, 25_000].slice(1).map((upper, i, all) => {
  const lower = i === 0 ? 0 : all[i - 1]!;
  return { label: `${lower} to ${upper}`, lower, upper, reference: 900 - 20 * i, current: 60 + 22 * i };
});

const tooFew: ReportColumn[] = ['precipitation', 'wind'].map((name) =>
  numericColumn(name, 0.1, { verdict: 'TOO_FEW_ROWS', checks: [check({ ...unknown, currentRows: 41 })] }),
);

export const EVIL_NAME = `</title></style><script>alert("1")</script>&amp;<img src=x onerror='alert(2)'>`;
const EVIL = [EVIL_NAME, `‮gnirts desrever`, 'שלום עולם', '', '\u0000\u001f\ud800', ']]>--><!--', '漢字'.repeat(5_000)];

export const SAMPLES: Readonly<Record<string, ReportDocument>> = {
  drift: documentOf([
    numericColumn('wind', 0.08),
    numericColumn('temperature max', 1.4),
    output,
    confidence,
    numericColumn('precipitation', 0.2, {
      type: 'NUMBER',
      distribution: { kind: 'NUMERIC', bars: skewed, missing: { reference: 80, current: 95 } },
    }),
    numericColumn('temperature min', 0.62),
    categoryColumn('is holiday', ['false', 'true'], { type: 'BOOLEAN', verdict: 'NO_DRIFT', checks: [check(calm)] }),
  ]),
  calm: documentOf([numericColumn('temperature max', 0.1), numericColumn('wind', 0.02), confidence], {
    quality: {
      ...QUALITY,
      labelled: 0,
      rows: 0,
      metrics: [],
      notes: ['No outcome of this window has arrived.'],
      estimate: {
        ...QUALITY.estimate!,
        metrics: [
          { name: 'accuracy', value: 0.838 },
          { name: 'logLoss', value: 0.361 },
        ],
        refused: null,
      },
    },
  }),
  few: documentOf(tooFew, { rows: 41, summary: '41 predictions are too few: 500 are needed.', quality: null }),
  empty: documentOf(
    tooFew.map((column) => ({ ...column, distribution: null })),
    { rows: 0, summary: 'No predictions were made in this window.', quality: null },
  ),
  many: documentOf(
    Array.from({ length: 200 }, (_, i) => {
      const few = i % 41 === 0 ? ({ verdict: 'TOO_FEW_ROWS', checks: [check(unknown)] } as const) : {};
      return numericColumn(`sensor ${i + 1}`, i % 23 === 0 ? 0.4 + i / 300 : ((i * 7) % 31) / 100, few);
    }),
  ),
  evil: documentOf([...EVIL.map((name) => categoryColumn(name, EVIL)), numericColumn(EVIL_NAME, 1)], {
    model: EVIL_NAME,
    summary: EVIL_NAME,
    quality: { ...QUALITY, notes: EVIL },
  }),
  categories: documentOf([
    categoryColumn('city', CITIES),
    categoryColumn(
      'customer',
      Array.from({ length: 60 }, (_, i) => `c-${i}`),
    ),
  ]),
};
