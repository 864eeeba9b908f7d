import type { Design } from './design.js';

/** (x_row · w) for one row of the design. */
export function dot(design: Design, row: number, w: Float64Array): number {
  const { dense, numbers, active, factors } = design;
  const start = row * (numbers + 1);
  let sum = 0;
  for (let j = 0; j <= numbers; j++) sum += dense[start + j]! * w[j]!;
  for (let j = row * factors; j < (row + 1) * factors; j++) {
    const column = active[j]!;
    if (column >= 0) sum += w[column]!;
  }
  return sum;
}

/** target += weight · x_row. */
export function addRow(design: Design, row: number, weight: number, target: Float64Array): void {
  const { dense, numbers, active, factors } = design;
  const start = row * (numbers + 1);
  for (let j = 0; j <= numbers; j++) target[j]! += weight * dense[start + j]!;
  for (let j = row * factors; j < (row + 1) * factors; j++) {
    const column = active[j]!;
    if (column >= 0) target[column]! += weight;
  }
}

/** Lower triangle of gram += weight · x_row · x_rowᵀ, gram row-major [width, width]. */
export function addOuter(design: Design, row: number, weight: number, gram: Float64Array): void {
  const { dense, numbers, active, factors, width } = design;
  const start = row * (numbers + 1);
  for (let i = 0; i <= numbers; i++) {
    const value = weight * dense[start + i]!;
    const line = i * width;
    for (let j = 0; j <= i; j++) gram[line + j]! += value * dense[start + j]!;
  }
  // Indicator columns stand behind all dense ones, and a later feature's behind an earlier one's.
  for (let i = row * factors; i < (row + 1) * factors; i++) {
    if (active[i]! < 0) continue;
    const line = active[i]! * width;
    for (let j = 0; j <= numbers; j++) gram[line + j]! += weight * dense[start + j]!;
    for (let j = row * factors; j <= i; j++) if (active[j]! >= 0) gram[line + active[j]!]! += weight;
  }
}
