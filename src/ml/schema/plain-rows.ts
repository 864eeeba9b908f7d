import { exact } from './coercion.js';
import type { Feature } from './signature.js';

/** NUL, and what pairs of surrogates consist of: whether they are pairs takes a closer look. */
const SUSPICIOUS = /[\0\ud800-\udfff]/;

/**
 * Writes rows that are right as they stand: their keys are the columns in the order of the features, each with a value
 * of its type, or null where that may be missing. Nearly all rows of programs are; any other one takes a closer look.
 */
export class PlainRows {
  private readonly names: readonly string[];

  constructor(private readonly features: readonly Feature[]) {
    this.names = features.map(({ name }) => name);
  }

  /** @returns false for any other row, of which some columns may have been written. */
  write(row: Readonly<Record<string, unknown>>, index: number, columns: readonly (Float32Array | string[])[]): boolean {
    const { names, features } = this;
    let i = 0;
    // Read within such a loop, a value is found without looking its key up.
    for (const key in row) {
      if (key !== names[i] || !write(features[i]!, columns[i]!, index, row[key])) return false;
      i++;
    }
    return i === names.length;
  }
}

function write({ type, nullable }: Feature, column: Float32Array | string[], index: number, value: unknown): boolean {
  if (value === null) {
    column[index] = type === 'STRING' ? '' : NaN;
    return nullable;
  }
  switch (type) {
    case 'NUMBER':
      if (typeof value !== 'number' || exact(value) === undefined) return false;
      column[index] = value;
      return true;
    case 'BOOLEAN':
      if (typeof value !== 'boolean') return false;
      column[index] = value ? 1 : 0;
      return true;
    case 'STRING':
      if (typeof value !== 'string' || SUSPICIOUS.test(value)) return false;
      column[index] = value;
      return true;
  }
}
