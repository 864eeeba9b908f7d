import { AppError } from '../../errors/app-error.js';
import type { Check } from '../../ml/statistics/drift/checks.js';
import type { DriftColumn } from '../../ml/statistics/drift/column.js';
import { DRIFT_METHODS } from '../../ml/statistics/drift/methods.js';
import {
  type ComparedCheck,
  compareColumns,
  type DriftSettings,
  type DriftVerdict,
  judgeComparisons,
} from '../../ml/statistics/drift/verdict.js';
import { nextTurn } from '../../ml/statistics/next-turn.js';
import type { PolicySettings } from '../policies/policy-settings.js';
import type { ColumnSamples } from './column-samples.js';
import { type ColumnIdentity, OUTPUT_CHECKS, type WatchedColumn } from './watched-columns.js';

/** Comparisons go on for so long before others have their turn. */
const TURN_MS = 5;

/** Names of the columns whose checks compare raw values. */
export function sampledColumns(
  columns: readonly ColumnIdentity[],
  { checks }: Pick<PolicySettings, 'checks'>,
): string[] {
  const isSampled = ({ method }: Check): boolean => DRIFT_METHODS[method].needs === 'SAMPLE';
  return columns.map(({ name }) => name).filter((name) => (ownChecks(checks, name) ?? []).some(isSampled));
}

/**
 * Mode BOUCLE on the columns of a window that has enough rows; lets others have their turns.
 * @throws AppError INVALID_STATE if the policy's checks don't fit these columns.
 */
export async function judgeWindow(
  columns: readonly WatchedColumn[],
  settings: PolicySettings,
  samples: ColumnSamples,
): Promise<DriftVerdict> {
  const driftColumns = columns.map((column) => toDriftColumn(column, samples));
  const driftSettings = toDriftSettings(columns, settings);
  try {
    const comparisons = await inTurns(compareColumns(driftColumns, driftSettings));
    return judgeComparisons(driftColumns, comparisons, driftSettings);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const message = `The policy does not fit the champion any more: ${error.message}. Set it anew with setMonitoringPolicy.`;
    throw new AppError('INVALID_STATE', message, undefined, { cause: error });
  }
}

/** A window of which nothing can be said. */
export function unjudged(columns: readonly ColumnIdentity[]): DriftVerdict {
  const verdict = 'TOO_FEW_ROWS';
  return { verdict, drifted: 0, judged: 0, columns: columns.map(({ name }) => ({ name, verdict, checks: [] })) };
}

async function inTurns(checks: Iterable<ComparedCheck>): Promise<ComparedCheck[]> {
  const compared: ComparedCheck[] = [];
  let turn = performance.now();
  for (const check of checks) {
    compared.push(check);
    if (performance.now() - turn < TURN_MS) continue;
    await nextTurn();
    turn = performance.now();
  }
  return compared;
}

function toDriftColumn(
  { name, type, binning, reference, current }: WatchedColumn,
  samples: ColumnSamples,
): DriftColumn {
  const counts = { binning, reference, current };
  const sample = samples.get(name);
  if (!(sample?.reference instanceof Float64Array && sample.current instanceof Float64Array))
    return { name, type, counts };
  return { name, type, counts, sample: { reference: sample.reference, current: sample.current } };
}

function toDriftSettings(columns: readonly ColumnIdentity[], settings: PolicySettings): DriftSettings {
  const { groups, rowsPerGroup, significance, driftedShare } = settings;
  const outputs = columns.filter(({ role }) => role !== 'FEATURE');
  const ofOutputs = Object.fromEntries(outputs.map(({ name }) => [name, OUTPUT_CHECKS]));
  return { checks: { ...ofOutputs, ...settings.checks }, groups, rowsPerGroup, significance, driftedShare };
}

function ownChecks(checks: PolicySettings['checks'], name: string): readonly Check[] | undefined {
  return Object.hasOwn(checks, name) ? checks[name] : undefined;
}
