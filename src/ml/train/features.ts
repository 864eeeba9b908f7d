import type { Feature, Signature } from '../schema/signature.js';
import { TrainingDataError, type TrainingWarning } from './errors.js';
import type { Column, NumericColumn, StringColumn, TrainingTable } from './table.js';

/** A column that says nothing (constant or empty): an input of the graph that nothing reads. */
export interface UnusedFeature {
  readonly kind: 'UNUSED';
  readonly column: Column;
  readonly nullable: boolean;
}

export interface NumericFeature {
  readonly kind: 'NUMERIC';
  readonly column: NumericColumn;
  readonly nullable: boolean;
}

/** A row's category is its slot in `categories`; −1 if the value was cut off by the limit ("other"). */
export interface CategoricalFeature {
  readonly kind: 'CATEGORICAL';
  readonly column: StringColumn;
  readonly nullable: boolean;
  /** Kept values, most frequent first; '' stands for missing and is a category if it occurs. */
  readonly categories: readonly string[];
  readonly slots: Int32Array;
  /** Rows whose value was cut off. */
  readonly otherRows: number;
}

export type PreparedFeature = UnusedFeature | NumericFeature | CategoricalFeature;

/**
 * Decides from the training rows how each feature enters a model. Constant and all-null features stay in the signature
 * (callers need not change), but no model uses them; numbers count as float32, which is what a model will see.
 *
 * @param maxCategories values kept per STRING feature, by frequency.
 * @throws TrainingDataError NO_USABLE_FEATURE if nothing is left.
 */
export function prepareFeatures(
  table: TrainingTable,
  maxCategories: number,
  warnings: TrainingWarning[],
): PreparedFeature[] {
  const prepared = table.features.map((column) =>
    column.type === 'STRING' ? prepareStrings(column, maxCategories, warnings) : prepareNumbers(column, warnings),
  );
  if (prepared.some((feature) => feature.kind !== 'UNUSED')) return prepared;
  const message = 'Every feature is empty or has the same value in all training rows. Choose other features.';
  throw new TrainingDataError('NO_USABLE_FEATURE', message);
}

/** The data contract that goes with prepared features. */
export function signatureOf(table: TrainingTable, prepared: readonly PreparedFeature[]): Signature {
  const features = prepared.map((feature): Feature => {
    const { name, type } = feature.column;
    const plain = { name, type, nullable: feature.nullable };
    if (feature.column.type !== 'STRING') {
      const { derived } = feature.column;
      return { ...plain, ...(derived && { derived }) };
    }
    const categories = feature.kind === 'CATEGORICAL' ? feature.categories : usedValues(feature.column);
    return { ...plain, categories: categories.filter((value) => value !== '') };
  });
  const { target } = table;
  if (target.task === 'REGRESSION') return { task: target.task, target: target.name, features };
  return { task: target.task, target: target.name, features, classes: target.classes };
}

/** Slot of a row's category in `categories`, −1 for "other". */
export function slotOf(feature: CategoricalFeature, row: number): number {
  return feature.slots[feature.column.codes[row]! + 1]!;
}

function prepareNumbers(column: NumericColumn, warnings: TrainingWarning[]): PreparedFeature {
  const { values } = column;
  let nullable = false;
  let varies = false;
  let first = NaN;
  for (let row = 0; row < values.length; row++) {
    const value = Math.fround(values[row]!);
    if (Number.isNaN(value)) nullable = true;
    else if (Number.isNaN(first)) first = value;
    else if (value !== first) varies = true;
  }
  if (varies || (nullable && !Number.isNaN(first))) return { kind: 'NUMERIC', column, nullable };
  warnings.push(uselessWarning(column.name, Number.isNaN(first)));
  return { kind: 'UNUSED', column, nullable };
}

function prepareStrings(column: StringColumn, limit: number, warnings: TrainingWarning[]): PreparedFeature {
  // Index 0 counts missing values, code + 1 the others.
  const counts = new Int32Array(column.dictionary.length + 1);
  for (const code of column.codes) counts[code + 1]!++;
  const nullable = counts[0]! > 0;
  const valueAt = (index: number): string => (index === 0 ? '' : column.dictionary[index - 1]!);
  const used = [...counts.keys()].filter((index) => counts[index]! > 0);
  if (used.length < 2) {
    warnings.push(uselessWarning(column.name, used[0] === 0));
    return { kind: 'UNUSED', column, nullable };
  }
  used.sort((a, b) => counts[b]! - counts[a]! || (valueAt(a) < valueAt(b) ? -1 : 1));
  const kept = used.slice(0, limit);
  const slots = new Int32Array(counts.length).fill(-1);
  kept.forEach((index, slot) => (slots[index] = slot));
  const otherRows = column.codes.length - kept.reduce((sum, index) => sum + counts[index]!, 0);
  if (otherRows > 0) {
    const message = `"${column.name}" has ${used.length} values; the ${limit} most frequent were kept, the rest (${otherRows} rows) count as other.`;
    warnings.push({ code: 'CATEGORIES_LIMITED', feature: column.name, message });
  }
  return { kind: 'CATEGORICAL', column, nullable, categories: kept.map(valueAt), slots, otherRows };
}

function uselessWarning(feature: string, empty: boolean): TrainingWarning {
  return empty
    ? { code: 'ALL_NULL_FEATURE', feature, message: `"${feature}" has no value in any training row; it is not used.` }
    : { code: 'CONSTANT_FEATURE', feature, message: `"${feature}" is the same in all training rows; it is not used.` };
}

/** The only value of a constant column, nothing of an empty one. */
function usedValues(column: StringColumn): string[] {
  const code = column.codes.find((candidate) => candidate >= 0);
  return code === undefined ? [] : [column.dictionary[code]!];
}
