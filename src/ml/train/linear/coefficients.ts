import type { Design } from './design.js';

/** One coefficient in the units of the data (numbers not standardised), so that people can read it. */
export interface Coefficient {
  readonly feature: string;
  /** Of a categorical feature: its category, '' for missing. */
  readonly category?: string;
  /** Multinomial only: the class whose score it adds to. */
  readonly class?: string;
  readonly value: number;
  /** Absent where the method gives none, or for a column that others determine. */
  readonly standardError?: number;
}

export interface Intercept {
  readonly class?: string;
  readonly value: number;
  readonly standardError?: number;
}

export interface LinearSummary {
  readonly kind: 'LINEAR';
  readonly coefficients: readonly Coefficient[];
  readonly intercepts: readonly Intercept[];
}

/** vᵀ·Cov·v for a vector v over the design's columns that is zero before `from`; undefined: no estimate. */
export type Variance = (v: Float64Array, from: number) => number | undefined;

/** Weights on the design's columns → coefficients in the units of the data. */
export function describeWeights(
  design: Design,
  weights: Float64Array,
  variance: Variance,
  label?: string,
): { coefficients: Coefficient[]; intercept: Intercept } {
  const { numbers, standardised, width } = design;
  const ofClass = label === undefined ? {} : { class: label };
  const toIntercept = new Float64Array(width);
  toIntercept[numbers] = 1;
  let intercept = weights[numbers]!;
  standardised.forEach(({ offset, scale }, j) => {
    toIntercept[j] = -offset * scale;
    intercept -= weights[j]! * offset * scale;
  });
  const coefficients = design.columns.map((column, k): Coefficient => {
    const position = k < numbers ? k : k + 1;
    const scale = k < numbers ? standardised[k]!.scale : 1;
    const unit = new Float64Array(width);
    unit[position] = scale;
    return { ...column, ...ofClass, value: weights[position]! * scale, ...standardError(variance(unit, position)) };
  });
  return { coefficients, intercept: { ...ofClass, value: intercept, ...standardError(variance(toIntercept, 0)) } };
}

/** Weights without the intercept, as the graph's linear operator takes them. */
export function slopes(design: Design, weights: Float64Array): number[] {
  return Array.from(weights).filter((_, column) => column !== design.numbers);
}

function standardError(variance: number | undefined): { standardError?: number } {
  return variance === undefined || !(variance > 0) ? {} : { standardError: Math.sqrt(variance) };
}
