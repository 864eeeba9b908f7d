import type { DerivedFrom } from './time-parts.js';

/** What a model predicts. A classification with two classes is binary, with more multinomial. */
export type Task = 'REGRESSION' | 'CLASSIFICATION';

/** Type of a model input. BOOLEAN enters the graph as 0 or 1, STRING as a string tensor, NUMBER as float32. */
export type FeatureType = 'NUMBER' | 'BOOLEAN' | 'STRING';

/** One input column of a model, as the data contract of its callers. */
export interface Feature {
  readonly name: string;
  readonly type: FeatureType;
  /** True if missing values were seen in training (or are allowed by the model's author). */
  readonly nullable: boolean;
  /** STRING only: the values kept in training, most frequent first. Other values are accepted and treated as unseen. */
  readonly categories?: readonly string[];
  /** The column of moments that callers send in place of this number. */
  readonly derived?: DerivedFrom;
}

/** Names of the columns that callers send, in the order of the features; moments once for all their parts. */
export function inputColumns(features: readonly Feature[]): string[] {
  return [...new Set(features.map(({ name, derived }) => derived?.column ?? name))];
}

/** The contract between a model version and its callers: inputs in graph order, and what comes out. */
export interface Signature {
  readonly task: Task;
  readonly target: string;
  readonly features: readonly Feature[];
  /** CLASSIFICATION only: class labels in the order of the probability columns. */
  readonly classes?: readonly string[];
}
