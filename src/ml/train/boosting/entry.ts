/*
 * Derivatives as whole numbers of a unit. Sums of whole numbers do not depend on the order of the terms, so rows can be
 * added up by any number of threads, in any turn, to the same histogram bit by bit; and the difference of two histograms
 * is exact. (LightGBM quantises as well, to fewer bits and for speed: Shi et al. 2022, Quantized Training of Gradient
 * Boosting Decision Trees.)
 *
 * An entry is a pair of 64-bit integers, of a row or of a bin: the gradient, and hessian · 2^countBits + rows.
 */

/** Bytes of an entry. */
export const ENTRY = 16;

export interface Units {
  /** Value of one unit of gradient; may change from round to round. */
  readonly gradient: number;
  readonly hessian: number;
}

/** Bits of a row's gradient, with a sign: what an Int32Array holds. */
const GRADIENT_RANGE = 2 ** 30;
const MAX_HESSIAN_RANGE = 2 ** 30;

/** How hessian and rows share a 64-bit integer. */
export interface Packing {
  /** Bits that the number of rows takes in a sum over all of them. */
  readonly countBits: number;
  readonly countMask: number;
  /** Hessian that one unit of the upper 32 bits stands for. */
  readonly upperUnit: number;
  /** Most units that a row's hessian may have, so that the sum over all rows leaves the sign alone. */
  readonly hessianRange: number;
}

/** @param rows at least 1. */
export function packingFor(rows: number): Packing {
  const countBits = 32 - Math.clz32(rows);
  const hessianRange = Math.min(MAX_HESSIAN_RANGE, 2 ** (63 - 2 * countBits) - 1);
  return { countBits, countMask: 2 ** countBits - 1, upperUnit: 2 ** (32 - countBits), hessianRange };
}

/** Units for rows whose derivatives do not exceed these. */
export function unitsOf(largestGradient: number, largestHessian: number, { hessianRange }: Packing): Units {
  return { gradient: largestGradient / GRADIENT_RANGE, hessian: largestHessian / hessianRange };
}

/** Sums over rows, gradient and hessian in units. */
export interface Sums {
  readonly gradient: number;
  readonly hessian: number;
  readonly rows: number;
}

const HIGH = 2 ** 32;

/** Gradient of the entry at position `at`, in units. */
export function gradientAt(words: Int32Array, at: number): number {
  return words[at + 1]! * HIGH + (words[at]! >>> 0);
}

export function hessianAt(words: Int32Array, at: number, { countBits, upperUnit }: Packing): number {
  return words[at + 3]! * upperUnit + (words[at + 2]! >>> countBits);
}

export function rowsAt(words: Int32Array, at: number, { countMask }: Packing): number {
  return words[at + 2]! & countMask;
}
