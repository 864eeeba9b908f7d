import { ascending } from './samples.js';

/** A reference that varies less than this is treated as if it varied so much, lest a constant divides by zero. */
const LEAST_DEVIATION = 0.001;

/**
 * First Wasserstein distance of two samples in standard deviations of the reference: ∫ |F − G| dx / max(σ, 0.001) with
 * the population's σ (divisor n). The integral's form is Vallender's (1974); the floor is Evidently's, and makes the
 * score small for columns whose whole scale is below it.
 *
 * @param reference finite values, any order. @param current likewise.
 * @throws RangeError if a sample is empty or not finite.
 */
export function wassersteinNormed(reference: Float64Array, current: Float64Array): number {
  return distance(ascending(reference), ascending(current)) / Math.max(deviation(reference), LEAST_DEVIATION);
}

function distance(first: Float64Array, second: Float64Array): number {
  let i = 0;
  let j = 0;
  let area = 0;
  let previous = Math.min(first[0]!, second[0]!);
  while (i < first.length || j < second.length) {
    const value = Math.min(first[i] ?? Infinity, second[j] ?? Infinity);
    area += Math.abs(i / first.length - j / second.length) * (value - previous);
    while (first[i] === value) i++;
    while (second[j] === value) j++;
    previous = value;
  }
  return area;
}

function deviation(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
