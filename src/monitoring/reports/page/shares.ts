import type { ReportDistribution } from '../report-document.js';

/** Rows of both sides of a distribution. */
export interface Sides {
  readonly reference: number;
  readonly current: number;
}

/** Rows that have a value. Bars are shares of these, as the methods compare them; missing rows are a share of all. */
export function knownRows({ bars }: ReportDistribution): Sides {
  let [reference, current] = [0, 0];
  for (const bar of bars) {
    reference += bar.reference;
    current += bar.current;
  }
  return { reference, current };
}

export function allRows(distribution: ReportDistribution): Sides {
  const known = knownRows(distribution);
  const { missing } = distribution;
  return { reference: known.reference + missing.reference, current: known.current + missing.current };
}

/** Shares of both sides; 0 where a side has no rows. */
export function sharesOf(rows: Sides, of: Sides): Sides {
  return { reference: shareOf(rows.reference, of.reference), current: shareOf(rows.current, of.current) };
}

function shareOf(rows: number, all: number): number {
  return all > 0 ? rows / all : 0;
}
