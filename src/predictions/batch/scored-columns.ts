import { type ColumnSchema, type ColumnType } from '../../datasets/extraction/column-types.js';
import { AppError } from '../../errors/app-error.js';
import type { Feature, Signature } from '../../ml/schema/signature.js';
import { millisecondsOf } from '../../models/evaluation/read-table.js';
import { identifier } from '../../platform/duckdb/sql-text.js';

/** How the rows of a file become the inputs of a model, and what its answers are called beside them. */
export interface ScoredColumns {
  /** SQL of each feature, in the order of the signature: a number, or text. */
  readonly expressions: readonly string[];
  /** Of the predicted class or number. */
  readonly prediction: string;
  /** Of the probability of each class; empty for a regression. */
  readonly probabilities: readonly string[];
}

/** Types of columns that can stand for a feature; a moment stands for its parts. */
const SUITABLE: Readonly<Record<Feature['type'], readonly ColumnType[]>> = {
  NUMBER: ['NUMBER', 'INTEGER'],
  BOOLEAN: ['BOOLEAN'],
  STRING: ['STRING'],
};

/** @throws AppError BAD_INPUT that names the first column that is missing or of another type. */
export function scoredColumns(signature: Signature, schema: readonly ColumnSchema[]): ScoredColumns {
  const expressions = signature.features.map((feature) => expressionOf(feature, schema));
  const taken = new Set(schema.map(({ name }) => name.toLowerCase()));
  const free = (name: string): string => {
    let candidate = name;
    while (taken.has(candidate.toLowerCase())) candidate += '_';
    taken.add(candidate.toLowerCase());
    return candidate;
  };
  return {
    expressions,
    prediction: free(`predicted_${signature.target}`),
    probabilities: (signature.classes ?? []).map((label) => free(`probability_${label}`)),
  };
}

function expressionOf({ name: feature, type, derived }: Feature, schema: readonly ColumnSchema[]): string {
  const name = derived?.column ?? feature;
  const column = schema.find((candidate) => candidate.name === name);
  const suitable = derived ? [derived.type] : SUITABLE[type];
  if (!column) {
    throw new AppError(
      'BAD_INPUT',
      `The data has no column ${name}, which the model needs. Extract it with that column.`,
    );
  }
  if (!suitable.includes(column.type)) {
    throw new AppError(
      'BAD_INPUT',
      `The column ${name} is a ${column.type}, but the model needs a ${suitable[0]!}. Cast it when you extract the data.`,
    );
  }
  if (derived) return millisecondsOf(name);
  return type === 'STRING' ? identifier(name) : `CAST(${identifier(name)} AS DOUBLE)`;
}
