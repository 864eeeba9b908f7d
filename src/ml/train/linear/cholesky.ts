import type { Heartbeat } from '../heartbeat.js';

/** Lower triangle L with A = L·Lᵀ, row-major [size, size]. Rows of aliased columns are zero. */
export interface Factor {
  readonly size: number;
  readonly lower: Float64Array;
  /** 1 where a column is a linear combination of earlier ones and was left out. */
  readonly aliased: Uint8Array;
}

/**
 * Below this share of its original diagonal a pivot counts as rounding noise: earlier columns explain the column's
 * variance but for one part in 10⁹.
 */
const PIVOT_TOLERANCE = 1e-9;

/**
 * Cholesky factorisation of a symmetric positive semi-definite matrix, of which only the lower triangle is read.
 * A column that depends on earlier ones is marked as aliased and skipped, as R's lm does.
 */
export async function factorise(matrix: Float64Array, size: number, heartbeat: Heartbeat): Promise<Factor> {
  const lower = new Float64Array(size * size);
  const aliased = new Uint8Array(size);
  for (let i = 0; i < size; i++) {
    const row = i * size;
    for (let j = 0; j < i; j++) {
      if (aliased[j] === 1) continue;
      const other = j * size;
      let sum = matrix[row + j]!;
      for (let k = 0; k < j; k++) sum -= lower[row + k]! * lower[other + k]!;
      lower[row + j] = sum / lower[other + j]!;
    }
    const diagonal = matrix[row + i]!;
    let pivot = diagonal;
    for (let k = 0; k < i; k++) pivot -= lower[row + k]! ** 2;
    if (pivot > PIVOT_TOLERANCE * diagonal) {
      lower[row + i] = Math.sqrt(pivot);
    } else {
      aliased[i] = 1;
      lower.fill(0, row, row + i);
    }
    await heartbeat.beat();
  }
  return { size, lower, aliased };
}

/** Solves A·x = b; aliased columns get 0. */
export function solve({ size, lower, aliased }: Factor, b: ArrayLike<number>): Float64Array {
  const x = Float64Array.from(b);
  for (let i = 0; i < size; i++) {
    if (aliased[i] === 1) x[i] = 0;
    else {
      let sum = x[i]!;
      for (let k = 0; k < i; k++) sum -= lower[i * size + k]! * x[k]!;
      x[i] = sum / lower[i * size + i]!;
    }
  }
  for (let i = size - 1; i >= 0; i--) {
    if (aliased[i] === 1) continue;
    const value = x[i]! / lower[i * size + i]!;
    x[i] = value;
    for (let k = 0; k < i; k++) x[k]! -= lower[i * size + k]! * value;
  }
  return x;
}

/** vᵀ·A⁻¹·v = |L⁻¹·v|², for a vector that is zero before `from`. */
export function inverseForm({ size, lower, aliased }: Factor, v: ArrayLike<number>, from = 0): number {
  const x = new Float64Array(size);
  let total = 0;
  for (let i = from; i < size; i++) {
    if (aliased[i] === 1) continue;
    let sum = v[i]!;
    for (let k = from; k < i; k++) sum -= lower[i * size + k]! * x[k]!;
    x[i] = sum / lower[i * size + i]!;
    total += x[i]! ** 2;
  }
  return total;
}
