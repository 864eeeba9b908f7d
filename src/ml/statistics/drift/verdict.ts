import { type Check, DEFAULT_CHECKS, thresholdOf } from './checks.js';
import { type ColumnComparison, compareColumn, type DriftColumn } from './column.js';
import { benjaminiHochberg } from './correction.js';
import { DEFAULT_GROUPS } from './groups.js';
import { type Comparison, DRIFT_METHODS, type MethodName } from './methods.js';

export interface DriftSettings {
  /** Checks of columns by name; others get their type's of `DEFAULT_CHECKS`. */
  readonly checks?: Readonly<Record<string, readonly Check[]>>;
  /** Groups that counts are merged to, at most. Default 10. */
  readonly groups?: number;
  /** Rows that either side needs for each group. Default 50. */
  readonly rowsPerGroup?: number;
  /** Largest adjusted p-value at which a distance is taken for more than chance. Default 0.01. */
  readonly significance?: number;
  /** Share of the judged columns at which the model has drifted. Default 0: any drifted column is enough. */
  readonly driftedShare?: number;
}

const DEFAULTS: Required<DriftSettings> = {
  checks: {},
  groups: DEFAULT_GROUPS,
  rowsPerGroup: 50,
  significance: 0.01,
  driftedShare: 0,
};

export type Verdict = 'DRIFT' | 'NO_DRIFT' | 'TOO_FEW_ROWS';

export interface CheckVerdict {
  readonly method: MethodName;
  /** Where the score comes from: counts of all rows, or a sample of raw values. */
  readonly way: 'COUNTS' | 'SAMPLE';
  readonly verdict: Verdict;
  readonly threshold: number;
  /** Null, like effect size and p-value, if there were too few rows. */
  readonly score: number | null;
  readonly effectSize: number | null;
  readonly pValue: number | null;
  /** By Benjamini and Hochberg over all p-values of the model's check. */
  readonly adjustedPValue: number | null;
  /** Rows compared on each side, and how many each needs. */
  readonly referenceRows: number;
  readonly currentRows: number;
  readonly minimumRows: number;
}

export interface ColumnVerdict {
  readonly name: string;
  readonly verdict: Verdict;
  readonly checks: readonly CheckVerdict[];
}

export interface DriftVerdict {
  readonly verdict: Verdict;
  /** Columns with the verdict DRIFT, and those with any but TOO_FEW_ROWS. */
  readonly drifted: number;
  readonly judged: number;
  /** In the order of the columns given. */
  readonly columns: readonly ColumnVerdict[];
}

/**
 * Mode `boucle`: compares every column of a window with the reference.
 *
 * - A check reports DRIFT if its score passes the threshold, the adjusted p-value (if the method has one) is at most the
 *   significance (for a test: its threshold), and the effect is not below the method's minimum. So chance does not fire
 *   in small windows, and irrelevant changes do not in large ones.
 * - A column has drifted if any of its checks says so. Otherwise it has TOO_FEW_ROWS if any check had.
 * - The model has drifted if at least one column has and their share of the judged columns is at least `driftedShare`.
 *   By default any single column counts: a broken one is a defect however many others there are, and the correction
 *   over columns already bounds false alarms by the significance, 1 % of windows, before "k of n" lowers it further.
 *
 * @param columns features, and the output if it is to be watched, too.
 * @throws RangeError if a setting is out of its range or names no column, a check doesn't apply to its column, or the
 *   column lacks what its method needs.
 */
export function judgeDrift(columns: readonly DriftColumn[], settings: DriftSettings = {}): DriftVerdict {
  return judgeComparisons(columns, [...compareColumns(columns, settings)], settings);
}

/** One check on one column, before any verdict. */
export interface ComparedCheck {
  /** Of the column. */
  readonly index: number;
  readonly check: Check;
  readonly compared: ColumnComparison;
}

/**
 * The first half of `judgeDrift`, one check at a time, for those who must not hold up their process: a single check
 * takes microseconds on counts, and up to some twenty milliseconds on samples.
 * @throws RangeError as `judgeDrift`.
 */
export function* compareColumns(
  columns: readonly DriftColumn[],
  settings: DriftSettings = {},
): Generator<ComparedCheck, void> {
  const filled = { ...DEFAULTS, ...settings };
  const problem = settingsProblem(columns, filled);
  if (problem !== undefined) throw new RangeError(problem);
  for (const [index, column] of columns.entries()) {
    const { checks } = filled;
    const ofColumn = Object.hasOwn(checks, column.name) ? checks[column.name]! : DEFAULT_CHECKS[column.type];
    for (const check of ofColumn) yield { index, check, compared: compareColumn(column, check, filled) };
  }
}

/** The second half of `judgeDrift`, which needs all p-values at once. */
export function judgeComparisons(
  columns: readonly DriftColumn[],
  comparisons: readonly ComparedCheck[],
  settings: DriftSettings = {},
): DriftVerdict {
  const { significance, driftedShare } = { ...DEFAULTS, ...settings };
  const adjusted = adjustedPValues(comparisons.map(({ compared }) => compared.comparison));
  const verdicts: CheckVerdict[][] = columns.map(() => []);
  comparisons.forEach(({ index, check, compared }, i) => {
    verdicts[index]!.push(judgeCheck(check, compared, adjusted[i]!, significance));
  });
  return judgeModel(
    columns.map(({ name }, index) => judgeColumn(name, verdicts[index]!)),
    driftedShare,
  );
}

function settingsProblem(columns: readonly DriftColumn[], settings: Required<DriftSettings>): string | undefined {
  const { checks, groups, rowsPerGroup, significance, driftedShare } = settings;
  const names = new Set(columns.map(({ name }) => name));
  const unknown = Object.keys(checks).find((name) => !names.has(name));
  if (unknown !== undefined) return `There are checks for ${unknown}, but no column of this name`;
  if (!(Number.isInteger(groups) && groups >= 2)) return `groups must be an integer from 2 on, not ${groups}`;
  if (!(rowsPerGroup > 0)) return `rowsPerGroup must be above 0, not ${rowsPerGroup}`;
  if (!(significance > 0 && significance < 1)) return `significance must lie between 0 and 1, not at ${significance}`;
  if (!(driftedShare >= 0 && driftedShare <= 1)) return `driftedShare must be from 0 to 1, not ${driftedShare}`;
  return undefined;
}

/** In place of each comparison; null where it has no p-value. */
function adjustedPValues(comparisons: readonly (Comparison | null)[]): (number | null)[] {
  const pValues = comparisons.map((comparison) => comparison?.pValue ?? null);
  const adjusted = benjaminiHochberg(pValues.filter((pValue) => pValue !== null));
  let next = 0;
  return pValues.map((pValue) => (pValue === null ? null : adjusted[next++]!));
}

function judgeCheck(
  check: Check,
  { comparison, ...rows }: ColumnComparison,
  adjustedPValue: number | null,
  significance: number,
): CheckVerdict {
  const { needs, drift, minimumEffect } = DRIFT_METHODS[check.method];
  const threshold = thresholdOf(check);
  const identity = { method: check.method, way: needs, threshold, ...rows };
  if (!comparison) {
    const unknown = { score: null, effectSize: null, pValue: null, adjustedPValue: null };
    return { ...identity, verdict: 'TOO_FEW_ROWS', ...unknown };
  }
  const { score, effectSize, pValue } = comparison;
  const beyondChance = adjustedPValue === null || adjustedPValue <= (drift === 'BELOW' ? threshold : significance);
  const large = effectSize >= minimumEffect && (drift === 'BELOW' || score >= threshold);
  const verdict = beyondChance && large ? 'DRIFT' : 'NO_DRIFT';
  return { ...identity, verdict, score, effectSize, pValue, adjustedPValue };
}

function judgeColumn(name: string, checks: readonly CheckVerdict[]): ColumnVerdict {
  const found = (verdict: Verdict): boolean => checks.some((check) => check.verdict === verdict);
  const verdict = found('DRIFT') ? 'DRIFT' : found('TOO_FEW_ROWS') || checks.length === 0 ? 'TOO_FEW_ROWS' : 'NO_DRIFT';
  return { name, verdict, checks };
}

function judgeModel(columns: readonly ColumnVerdict[], driftedShare: number): DriftVerdict {
  const drifted = columns.filter(({ verdict }) => verdict === 'DRIFT').length;
  const judged = columns.filter(({ verdict }) => verdict !== 'TOO_FEW_ROWS').length;
  const counts = { drifted, judged, columns };
  if (judged === 0) return { verdict: 'TOO_FEW_ROWS', ...counts };
  return { verdict: drifted > 0 && drifted / judged >= driftedShare ? 'DRIFT' : 'NO_DRIFT', ...counts };
}

/**
 * Whether drift persists: at least k of the last n windows drifted. Windows with TOO_FEW_ROWS say nothing and are passed
 * over, so that a quiet night neither raises nor clears an alarm.
 *
 * @param verdicts of consecutive windows, oldest first.
 */
export function driftPersists(
  verdicts: readonly Verdict[],
  { k, n }: { readonly k: number; readonly n: number },
): boolean {
  const recent = verdicts.filter((verdict) => verdict !== 'TOO_FEW_ROWS').slice(-n);
  return recent.filter((verdict) => verdict === 'DRIFT').length >= k;
}
