import type { ColumnSchema, ColumnType } from '../datasets/extraction/column-types.js';
import { AppError } from '../errors/app-error.js';
import { editDistance } from '../ml/schema/edit-distance.js';
import type { Task } from '../ml/schema/signature.js';
import type { TimeType } from '../ml/schema/time-parts.js';
import type { SplitMethod } from '../ml/train/split.js';

/** How the rows of a model are divided; by time, the column that says when a row was observed. */
export type SplitChoice =
  { readonly method: Exclude<SplitMethod, 'TIME'> } | { readonly method: 'TIME'; readonly column: string };

/** How much rows count in a training. */
export interface WeightChoice {
  /** Holds the weight of each row. */
  readonly column?: string;
  /** By label; 1 where none is given. */
  readonly classes?: Readonly<Record<string, number>>;
}

/** What a model predicts from what. */
export interface ModelColumns {
  readonly task: Task;
  readonly target: string;
  readonly features: readonly string[];
  /** Default: RANDOM. */
  readonly split?: SplitChoice;
  /** Default: all rows count alike. */
  readonly weights?: WeightChoice;
}

/** @throws AppError BAD_INPUT if a method and a time column are given that contradict each other. */
export function parseSplit({
  split,
  timeColumn,
}: {
  readonly split?: SplitMethod | null;
  readonly timeColumn?: string | null;
}): SplitChoice {
  const column = timeColumn ?? undefined;
  const method = split ?? (column === undefined ? 'RANDOM' : 'TIME');
  if (method !== 'TIME') {
    if (column === undefined) return { method };
    throw wrong(`A time column divides the rows by time, so split can't be ${method}. Leave one of the two out.`);
  }
  if (column === undefined)
    throw wrong('A split by TIME needs timeColumn: the column that says when a row was observed.');
  return { method, column };
}

/**
 * Checks that a model can be trained on data of this schema.
 * @throws AppError BAD_INPUT that names the column, what is wrong with it and what to do.
 */
export function checkColumns(model: ModelColumns, schema: readonly ColumnSchema[]): void {
  const { task, target, features, split } = model;
  checkTarget(task, columnOf(target, schema, 'target'));
  if (split) checkSplit(split, task, schema);
  if (features.length === 0) throw wrong('A model needs at least one feature. Name the columns to predict from.');
  const seen = new Set<string>();
  for (const feature of features) {
    if (feature === target) {
      throw wrong(`${target} is the target, so it can't be a feature as well: it would predict itself. Remove it.`);
    }
    if (seen.has(feature)) throw wrong(`The feature ${feature} stands in the list twice. Remove one.`);
    seen.add(feature);
    columnOf(feature, schema, 'feature');
  }
  checkWeights(model, schema);
}

function checkWeights({ task, target, features, weights }: ModelColumns, schema: readonly ColumnSchema[]): void {
  if (weights?.classes && task !== 'CLASSIFICATION') {
    throw wrong(
      'Weights of classes need classes, but a REGRESSION has none. Name a column that holds weights of rows.',
    );
  }
  if (weights?.column === undefined) return;
  const { name, type } = columnOf(weights.column, schema, 'weight');
  if (name === target || features.includes(name)) {
    const use = name === target ? 'the target' : 'a feature';
    throw wrong(`${name} is ${use}, so it can't weigh the rows as well. Choose another column for the weights.`);
  }
  if (type === 'INTEGER' || type === 'NUMBER') return;
  throw wrong(`The weight column ${name} is a ${type}, but weights are numbers. Cast it when you extract the data.`);
}

function checkTarget(task: Task, { name, type }: ColumnSchema): void {
  if (isTime(type)) {
    throw wrong(
      `The target ${name} holds a ${type}. Predicting times is not supported; derive a number or a class from it.`,
    );
  }
  if (task === 'REGRESSION' && (type === 'STRING' || type === 'BOOLEAN')) {
    const advice = type === 'STRING' ? ', or cast the column to a number when you extract it' : '';
    throw wrong(`A REGRESSION predicts numbers, but ${name} is a ${type}. Use the task CLASSIFICATION${advice}.`);
  }
}

function checkSplit(split: SplitChoice, task: Task, schema: readonly ColumnSchema[]): void {
  if (split.method === 'STRATIFIED' && task !== 'CLASSIFICATION') {
    throw wrong('A STRATIFIED split divides each class evenly, but a REGRESSION has none. Use RANDOM or TIME.');
  }
  if (split.method !== 'TIME') return;
  const { name, type } = columnOf(split.column, schema, 'time');
  if (isTime(type)) return;
  throw wrong(
    `The time column ${name} is a ${type}; rows can only be ordered by a DATE or TIMESTAMP. Cast it when you extract the data.`,
  );
}

/** Moments are no features as they are; models learn from their parts, see `ml/schema/time-parts`. */
export function isTime(type: ColumnType): type is TimeType {
  return type === 'DATE' || type === 'TIMESTAMP';
}

function columnOf(
  name: string,
  schema: readonly ColumnSchema[],
  part: 'target' | 'feature' | 'time' | 'weight',
): ColumnSchema {
  const column = schema.find((candidate) => candidate.name === name);
  if (column) return column;
  const nearest = nearestName(
    name,
    schema.map((candidate) => candidate.name),
  );
  const hint = nearest === undefined ? listing(schema) : `Did you mean ${nearest}?`;
  throw wrong(`The data has no column ${name} for the ${part}. ${hint}`);
}

function listing(schema: readonly ColumnSchema[]): string {
  const names = schema.slice(0, 30).map(({ name }) => name);
  return `Its columns are ${names.join(', ')}${schema.length > names.length ? ', …' : ''}.`;
}

/** The candidate with the fewest edits to `name`, if a slip of the finger or of case can explain the difference. */
export function nearestName(name: string, candidates: readonly string[]): string | undefined {
  const wanted = name.toLowerCase();
  const ranked = candidates
    .map((candidate) => ({ candidate, edits: editDistance(wanted, candidate.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits);
  const best = ranked[0];
  return best && best.edits <= Math.max(1, Math.floor(name.length / 3)) ? best.candidate : undefined;
}

function wrong(message: string): AppError {
  return new AppError('BAD_INPUT', message);
}
