import { setImmediate } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, EntityManager } from 'typeorm';
import { AppError } from '../../errors/app-error.js';
import { type Binning, countLength } from '../../ml/statistics/binning.js';
import { type BinningLayout, vectorLength } from './binning-layout.js';
import { Binnings } from './binnings.js';
import { addCounts } from './count-vector.js';

const TURN_ROWS = 200;

/** Which predictions are meant: of some versions, or of all versions of a model. */
export type CountedVersions = { readonly versionIds: readonly string[] } | { readonly modelId: string };

/** Predictions with `from` ≤ start of their window < `to`, so that no prediction is in two adjoining windows. */
export type WindowQuery = CountedVersions & { readonly from: Date; readonly to: Date };

/** Counts of a column, in the layout of its binning (see ml/statistics/binning). */
export interface ColumnCounts {
  readonly binning: Binning;
  readonly counts: Float64Array;
}

/** The predictions of a window on one binning. */
export interface MergedCounts {
  readonly binning: { readonly id: string; readonly number: number };
  /** Versions that have predictions in here, in the order of their ids. */
  readonly versionIds: readonly string[];
  readonly rows: number;
  readonly features: readonly ({ readonly name: string } & ColumnCounts)[];
  readonly output: ColumnCounts;
  readonly probability: ColumnCounts | null;
}

interface CountRow {
  readonly version_id: string;
  readonly binning_id: string;
  readonly rows: string;
  readonly counts: Buffer;
}

interface Sum {
  readonly layout: BinningLayout;
  readonly number: number;
  readonly versions: Set<string>;
  readonly counts: Float64Array;
  rows: number;
}

/** Reads what was counted: the cost depends on the columns, their bins and the length of the window, not on traffic. */
@Injectable()
export class WindowCounts {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly binnings: Binnings,
  ) {}

  /**
   * Adds up the counts of a window, by binning. Windows are exact at full ten seconds for the last ten minutes, at
   * full minutes for three hours, at full hours for 35 days, and at full days (UTC) before; other bounds fall on the next
   * of these, see alignedWindow.
   * @param manager of the transaction in which to read.
   * @returns the binnings by number; none for a window without predictions.
   * @throws AppError BAD_INPUT unless `from` lies before `to`.
   */
  async merge(query: WindowQuery, manager = this.dataSource.manager): Promise<MergedCounts[]> {
    if (query.from >= query.to) throw new AppError('BAD_INPUT', 'from must lie before to.');
    const sums = new Map<string, Sum>();
    for (const [i, row] of (await rowsOf(manager, query)).entries()) {
      if (i % TURN_ROWS === TURN_ROWS - 1) await setImmediate();
      const sum = sums.get(row.binning_id) ?? (await this.emptySum(manager, row.binning_id));
      sums.set(row.binning_id, sum);
      sum.versions.add(row.version_id);
      sum.rows += Number(row.rows);
      addCounts(row.counts, sum.counts);
    }
    return [...sums].map(([id, sum]) => merged(id, sum)).sort((a, b) => a.binning.number - b.binning.number);
  }

  /** Predictions in a window with bounds as `merge` wants them. */
  async total(query: WindowQuery, manager = this.dataSource.manager): Promise<number> {
    const { sql, parameters } = rowsIn(query);
    const [sum] = await manager.query<[{ rows: string }]>(`SELECT coalesce(sum(rows), 0) AS rows ${sql}`, parameters);
    return Number(sum.rows);
  }

  private async emptySum(manager: EntityManager, binningId: string): Promise<Sum> {
    const { layout, number } = await this.binnings.byId(binningId, manager);
    return { layout, number, versions: new Set(), rows: 0, counts: new Float64Array(vectorLength(layout)) };
  }
}

function rowsOf(manager: EntityManager, query: WindowQuery): Promise<CountRow[]> {
  const { sql, parameters } = rowsIn(query);
  return manager.query(`SELECT version_id, binning_id, rows, counts ${sql}`, parameters);
}

function rowsIn(query: WindowQuery): { readonly sql: string; readonly parameters: unknown[] } {
  const versions = 'modelId' in query ? '(SELECT id FROM model_version WHERE model_id = $1)' : '($1::uuid[])';
  return {
    sql: `FROM window_counts WHERE version_id = ANY ${versions} AND window_start >= $2 AND window_start < $3`,
    parameters: ['modelId' in query ? query.modelId : query.versionIds, query.from, query.to],
  };
}

function merged(id: string, { layout, number, versions, rows, counts }: Sum): MergedCounts {
  let offset = 0;
  const column = (binning: Binning): ColumnCounts => {
    const start = offset;
    offset += countLength(binning);
    return { binning, counts: counts.subarray(start, offset) };
  };
  return {
    binning: { id, number },
    versionIds: [...versions].sort(),
    rows,
    features: layout.features.map(({ name, binning }) => ({ name, ...column(binning) })),
    output: column(layout.output),
    probability: layout.probability && column(layout.probability),
  };
}
