import type { GraphBuilder } from '../../onnx/graph-builder.js';
import { TrainingDataError, type TrainingWarning } from '../errors.js';
import type { CategoricalFeature, NumericFeature, PreparedFeature } from '../features.js';
import { slotOf } from '../features.js';
import { DenseRows } from './dense-rows.js';

/** What one column of the design matrix stands for. */
export interface DesignColumn {
  readonly feature: string;
  /** Of an indicator column: the category it marks, '' for missing. */
  readonly category?: string;
}

/** Transformation of one numeric column: (x − offset) × scale after missing values became `imputed`; all float32. */
interface Standardised {
  readonly feature: NumericFeature;
  readonly imputed: number;
  readonly offset: number;
  readonly scale: number;
}

/** One-hot columns of one categorical feature: slot s of it is column `start + s − skipped`. */
interface Indicators {
  readonly feature: CategoricalFeature;
  readonly start: number;
  readonly skipped: number;
}

/**
 * The matrix a linear model is fitted on. Column order: standardised numbers, the intercept (all ones), indicators.
 * Numbers are stored densely with the intercept as their last column, indicators as the column numbers that are 1.
 */
export interface Design {
  readonly rows: number;
  /** Columns in all, with the intercept. */
  readonly width: number;
  /** [rows, numbers + 1] */
  readonly dense: DenseRows;
  /** Numeric columns; also the position of the intercept. */
  readonly numbers: number;
  /** Row-major [rows, factors]: the indicator column that is 1, or −1. */
  readonly active: Int32Array;
  /** Categorical features. */
  readonly factors: number;
  /** All columns but the intercept, in graph order: numbers, then indicators. */
  readonly columns: readonly DesignColumn[];
  readonly standardised: readonly Standardised[];
  readonly indicators: readonly Indicators[];
}

/**
 * Builds the design matrix.
 *
 * @param reference what a categorical feature's most frequent category becomes. NONE: every category has an indicator;
 *   they add up to the intercept, so this needs a penalty. MOST_FREQUENT: it has no indicator and is the base that the
 *   others are measured against, unless rows of cut-off categories already form that base.
 * @throws TrainingDataError NO_USABLE_FEATURE if no column is left.
 */
export function buildDesign(
  rows: number,
  prepared: readonly PreparedFeature[],
  reference: 'NONE' | 'MOST_FREQUENT',
  warnings: TrainingWarning[],
): Design {
  const standardised = standardiseAll(prepared, warnings);
  const numbers = standardised.length;
  const columns: DesignColumn[] = standardised.map(({ feature }) => ({ feature: feature.column.name }));
  const indicators = prepared
    .filter((feature) => feature.kind === 'CATEGORICAL')
    .map((feature): Indicators => {
      const skipped = reference === 'MOST_FREQUENT' && feature.otherRows === 0 ? 1 : 0;
      const start = columns.length + 1;
      const name = feature.column.name;
      columns.push(...feature.categories.slice(skipped).map((category) => ({ feature: name, category })));
      return { feature, start, skipped };
    });
  if (columns.length === 0) {
    const message =
      'No feature varies once missing numbers are replaced by their mean. Choose other features, or a forest.';
    throw new TrainingDataError('NO_USABLE_FEATURE', message);
  }
  const dense = fillDense(rows, standardised);
  const active = fillActive(rows, indicators);
  const factors = indicators.length;
  const width = columns.length + 1;
  return { rows, width, dense, numbers, active, factors, columns, standardised, indicators };
}

/** Adds the nodes that compute the design's columns (without the intercept), in the order of `design.columns`. */
export function addDesignNodes(graph: GraphBuilder, design: Design): string {
  const parts: string[] = [];
  if (design.numbers > 0) {
    const { standardised } = design;
    const numbers = graph.concat(standardised.map(({ feature }) => feature.column.name));
    const imputed = graph.imputer(
      numbers,
      standardised.map((column) => column.imputed),
    );
    parts.push(
      graph.scaler(
        imputed,
        standardised.map((c) => c.offset),
        standardised.map((c) => c.scale),
      ),
    );
  }
  for (const { feature, skipped } of design.indicators) {
    parts.push(graph.oneHot(feature.column.name, feature.categories.slice(skipped)));
  }
  return graph.concat(parts);
}

/** A column with one value and gaps is constant once the gaps are filled: a linear model can't use it. */
function standardiseAll(prepared: readonly PreparedFeature[], warnings: TrainingWarning[]): Standardised[] {
  const columns = prepared.filter((feature) => feature.kind === 'NUMERIC').map(standardise);
  for (const { feature, scale } of columns) {
    if (scale > 0) continue;
    const { name } = feature.column;
    const message = `"${name}" is the same in all rows where it is known; a linear model can't use it.`;
    warnings.push({ code: 'CONSTANT_FEATURE', feature: name, message });
  }
  return columns.filter((column) => column.scale > 0);
}

/**
 * Mean imputation and z-scores with the population standard deviation, in one pass over distances from a value in the
 * middle (Chan, Golub and LeVeque 1983). The parameters are rounded to float32 before they are applied, and the values
 * as well, so that fitting sees what the graph computes. Scale 0: no variance is left.
 */
function standardise(feature: NumericFeature): Standardised {
  const { values } = feature.column;
  const middle = meanOfFirst(values, SHIFT_VALUES);
  let sum = 0;
  let squares = 0;
  let known = 0;
  for (let row = 0; row < values.length; row++) {
    const distance = Math.fround(values[row]!) - middle;
    if (Number.isNaN(distance)) continue;
    sum += distance;
    squares += distance * distance;
    known++;
  }
  const deviation = Math.sqrt(Math.max(0, squares - (sum * sum) / known) / values.length);
  const offset = Math.fround(middle + sum / known);
  return { feature, imputed: offset, offset, scale: deviation > 0 ? Math.fround(1 / deviation) : 0 };
}

/** Known values whose mean is near enough to that of all for the squares around it. */
const SHIFT_VALUES = 1000;

/** Mean of the first known values, at most that many. */
function meanOfFirst(values: Float64Array, most: number): number {
  let sum = 0;
  let known = 0;
  for (let row = 0; row < values.length && known < most; row++) {
    const value = Math.fround(values[row]!);
    if (Number.isNaN(value)) continue;
    sum += value;
    known++;
  }
  return sum / known;
}

/** Rows that stay in the cache while one column after the other is written. */
const FILLED_ROWS = 512;

function fillDense(rows: number, columns: readonly Standardised[]): DenseRows {
  const dense = new DenseRows(rows, columns.length + 1);
  for (let from = 0; from < rows; from += FILLED_ROWS) {
    const to = Math.min(from + FILLED_ROWS, rows);
    columns.forEach((column, j) => {
      fillColumn(dense, column, j, from, to);
    });
    for (let row = from; row < to; row++) dense.values[row * dense.stride + columns.length] = 1;
  }
  return dense;
}

function fillColumn(
  { values, stride }: DenseRows,
  { feature, imputed, offset, scale }: Standardised,
  j: number,
  from: number,
  to: number,
): void {
  const given = feature.column.values;
  for (let row = from, at = from * stride + j; row < to; row++, at += stride) {
    const value = Math.fround(given[row]!);
    values[at] = ((Number.isNaN(value) ? imputed : value) - offset) * scale;
  }
}

function fillActive(rows: number, indicators: readonly Indicators[]): Int32Array {
  const factors = indicators.length;
  const active = new Int32Array(rows * factors);
  indicators.forEach(({ feature, start, skipped }, j) => {
    for (let row = 0; row < rows; row++) {
      const slot = slotOf(feature, row) - skipped;
      active[row * factors + j] = slot < 0 ? -1 : start + slot;
    }
  });
  return active;
}
