import { type Binning, categoricalBins, countLength, numericBins } from '../../ml/statistics/binning.js';
import type { PredictionOutput } from '../prediction.entity.js';
import { type BinningLayout, vectorLength } from './binning-layout.js';

/** Numbers with NaN for missing, or strings with '' for missing. */
export type ColumnValues = ArrayLike<number> | readonly string[];

/** A row as the log holds it. */
export interface LoggedRow {
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly output: PredictionOutput;
}

/** Where one column of the layout lies in the vector, and how a value finds its bin in there. */
type Column = { readonly offset: number } & (
  | { readonly type: 'NUMERIC'; readonly binOf: (value: number) => number }
  | { readonly type: 'CATEGORICAL'; readonly binOf: (value: string) => number }
);

/** Finds the bins of rows in the count vector of a layout. Made once a version and used for all its predictions. */
export class RowBinner {
  /** Bins that every row has: one a column. */
  readonly columns: number;
  /** Length of the count vector. */
  readonly length: number;
  private readonly features: readonly Column[];
  private readonly output: Column;
  private readonly probability: Column | undefined;

  constructor(readonly layout: BinningLayout) {
    let end = 0;
    const column = (binning: Binning): Column => {
      const offset = end;
      end += countLength(binning);
      return binning.type === 'NUMERIC'
        ? { offset, type: 'NUMERIC', binOf: numericBins(binning) }
        : { offset, type: 'CATEGORICAL', binOf: categoricalBins(binning) };
    };
    this.features = layout.features.map(({ binning }) => column(binning));
    this.output = column(layout.output);
    this.probability = layout.probability ? column(layout.probability) : undefined;
    this.columns = this.features.length + (this.probability ? 2 : 1);
    this.length = vectorLength(layout);
  }

  /**
   * @param inputs a column of values for each feature of the layout.
   * @returns row by row, the positions of its bins in the vector: shape [rows, columns].
   */
  bin(inputs: readonly ColumnValues[], outputs: readonly PredictionOutput[]): Uint32Array {
    const positions = new Uint32Array(outputs.length * this.columns);
    this.features.forEach((feature, i) => {
      this.fill(positions, i, feature, inputs[i]!);
    });
    const output = this.features.length;
    this.fill(positions, output, this.output, outputs.map(({ value }) => value) as readonly string[] | number[]);
    if (this.probability) this.fill(positions, output + 1, this.probability, outputs.map(probabilityOf));
    return positions;
  }

  /** Like {@link bin}, for rows that come from the log. */
  binLogged(rows: readonly LoggedRow[]): Uint32Array {
    const inputs = this.layout.features.map(({ name, binning }) =>
      binning.type === 'NUMERIC'
        ? Float64Array.from(rows, (row) => loggedNumber(row.inputs[name]))
        : rows.map((row) => loggedString(row.inputs[name])),
    );
    return this.bin(
      inputs,
      rows.map(({ output }) => output),
    );
  }

  private fill(positions: Uint32Array, first: number, column: Column, values: ColumnValues): void {
    const { offset } = column;
    for (let row = 0, at = first; at < positions.length; row++, at += this.columns) {
      const value = values[row]!;
      positions[at] =
        offset + (column.type === 'NUMERIC' ? column.binOf(value as number) : column.binOf(value as string));
    }
  }
}

function probabilityOf({ value, probabilities }: PredictionOutput): number {
  return probabilities?.[value] ?? NaN;
}

/** The log keeps booleans as such; in the batch that was evaluated they are 0 and 1. */
function loggedNumber(value: unknown): number {
  return value === null || value === undefined ? NaN : Number(value);
}

function loggedString(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
