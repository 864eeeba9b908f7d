import { DRIFT_METHODS } from '../../../ml/statistics/drift/methods.js';
import type { CheckVerdict } from '../../../ml/statistics/drift/verdict.js';
import type { ReportColumn } from '../report-document.js';

/**
 * A score in multiples of its threshold, so that methods can stand side by side: 1 is the threshold, more is beyond. For
 * p-values it is the ratio of the logarithms, that is of the orders of magnitude. Null if there is no score.
 */
export function strainOf({ method, score, threshold }: CheckVerdict): number | null {
  if (score === null) return null;
  if (DRIFT_METHODS[method].drift === 'ABOVE') return score / threshold;
  return Math.log(Math.max(score, 1e-300)) / Math.log(threshold);
}

/** That of a column's most strained check. */
export function columnStrain({ checks }: ReportColumn): number | null {
  const strains = checks.map(strainOf).filter((strain) => strain !== null);
  return strains.length === 0 ? null : Math.max(...strains);
}

/** Drifted columns before others, the most strained first; those without a verdict last. */
export function byConcern(columns: readonly ReportColumn[]): ReportColumn[] {
  const order = { DRIFT: 0, NO_DRIFT: 1, TOO_FEW_ROWS: 2 } as const;
  return columns
    .map((column) => ({ column, rank: order[column.verdict], strain: columnStrain(column) ?? 0 }))
    .sort((a, b) => a.rank - b.rank || b.strain - a.strain)
    .map(({ column }) => column);
}
