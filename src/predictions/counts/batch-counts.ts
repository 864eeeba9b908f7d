import { newId } from '../../platform/database/new-id.js';
import type { VersionCounter } from './binnings.js';
import { encodeCounts } from './count-vector.js';
import { type Granularity, slotOfPredictionId } from './windows.js';

/** Rows whose bins were found together, when they were scored. */
export interface BinnedRows {
  readonly counter: VersionCounter;
  /** See {@link RowBinner.bin}. */
  readonly positions: Uint32Array;
}

/** A prediction and where its bins stand: no object of its own, since thousands of them may come at once. */
export interface CountedPrediction {
  readonly id: string;
  readonly binned: BinnedRows;
  /** Its row in there. */
  readonly binnedRow: number;
}

/** A row of window_counts. */
export interface WindowCountRow {
  readonly id: string;
  readonly modelId: string;
  readonly versionId: string;
  readonly binningId: string;
  readonly granularity: Granularity;
  readonly windowStart: Date;
  readonly rows: number;
  readonly counts: Buffer;
}

/** Counts of one version in one window, while they are added up. */
export interface WindowSum {
  readonly counter: VersionCounter;
  /** Start of the window, ms since 1970. */
  readonly start: number;
  rows: number;
  readonly counts: Float64Array;
}

/** Adds predictions up by version and window. Holds one vector for each. */
export class WindowSums {
  private readonly sums = new Map<VersionCounter, Map<number, WindowSum>>();
  private last: WindowSum | undefined;

  /** @param windowOf start of the window that a slot (its start in ms) belongs to. */
  constructor(private readonly windowOf: (slot: number) => number = (slot) => slot) {}

  add({ id, binned, binnedRow }: CountedPrediction): void {
    const sum = this.sumOf(binned.counter, this.windowOf(slotOfPredictionId(id)));
    const { positions, counter } = binned;
    const { columns } = counter.binner;
    const end = (binnedRow + 1) * columns;
    for (let at = end - columns; at < end; at++) sum.counts[positions[at]!]!++;
    sum.rows++;
  }

  /** Adds what was added up elsewhere. */
  addSum({ counter, start, rows, counts }: WindowSum): void {
    const sum = this.sumOf(counter, start);
    for (let at = 0; at < counts.length; at++) sum.counts[at]! += counts[at]!;
    sum.rows += rows;
  }

  values(): WindowSum[] {
    return [...this.sums.values()].flatMap((windows) => [...windows.values()]);
  }

  /** Predictions that come one after the other mostly share version and window. */
  private sumOf(counter: VersionCounter, start: number): WindowSum {
    if (this.last?.counter === counter && this.last.start === start) return this.last;
    const windows = this.sums.get(counter) ?? new Map<number, WindowSum>();
    this.sums.set(counter, windows);
    const sum = windows.get(start) ?? { counter, start, rows: 0, counts: new Float64Array(counter.binner.length) };
    windows.set(start, sum);
    this.last = sum;
    return sum;
  }
}

export function toWindowCountRow(sum: WindowSum, granularity: Granularity): WindowCountRow {
  const { counter, start, rows, counts } = sum;
  const { modelId, versionId, binningId } = counter;
  return {
    id: newId(),
    modelId,
    versionId,
    binningId,
    granularity,
    windowStart: new Date(start),
    rows,
    counts: encodeCounts(counts),
  };
}
