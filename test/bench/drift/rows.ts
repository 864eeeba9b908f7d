/** Rows of the drift benchmark: 16 numbers of different shapes and 4 categories, the same ones for both sides. */
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { Random } from '../../../src/ml/statistics/random.ts';
import type { Signature } from '../../../src/ml/schema/signature.ts';

const NUMBERS = 16;
const CATEGORICALS = 4;
export const CATEGORIES = ['card', 'transfer', 'cash', 'cheque', 'voucher', 'other'] as const;
/** Share of a feature's current values that lie half a standard deviation higher: the first two drift. */
const SHIFT = 0.5;
const SHIFTED = 2;

export const signature: Signature = {
  task: 'REGRESSION',
  target: 'amount',
  features: [
    ...Array.from({ length: NUMBERS }, (_, i) => ({ name: `number_${i}`, type: 'NUMBER', nullable: true }) as const),
    ...Array.from(
      { length: CATEGORICALS },
      (_, i) => ({ name: `kind_${i}`, type: 'STRING', nullable: true, categories: [...CATEGORIES] }) as const,
    ),
  ],
};

/** Columns in the order of the features; categories as positions in CATEGORIES. */
export interface Rows {
  readonly rows: number;
  readonly numbers: readonly Float64Array[];
  readonly kinds: readonly Uint8Array[];
}

/** @param side the rows that a training saw, or those that come now: two of their numbers have moved. */
export function drawRows(rows: number, seed: number, side: 'REFERENCE' | 'CURRENT'): Rows {
  const numbers = Array.from({ length: NUMBERS }, (_, column) => {
    const random = new Random(seed, column);
    const shift = side === 'CURRENT' && column < SHIFTED ? SHIFT : 0;
    return Float64Array.from({ length: rows }, () => Math.round(shape(column, normal(random) + shift) * 1e4) / 1e4);
  });
  const kinds = Array.from({ length: CATEGORICALS }, (_, column) => {
    const random = new Random(seed, NUMBERS + column);
    // Squared, so that the first ones are more frequent.
    return Uint8Array.from({ length: rows }, () => Math.floor(random.uniform() ** 2 * CATEGORIES.length));
  });
  return { rows, numbers, kinds };
}

/** What the model answers about each row. Any function of them would do. */
export function answersOf({ rows, numbers }: Rows): Float64Array {
  return Float64Array.from({ length: rows }, (_, row) => numbers[0]![row]! + 0.5 * numbers[3]![row]!);
}

/** Writes each column to a file of its own, as NumPy reads it: float64, or one byte a category. */
export async function writeColumns(rows: Rows, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [i, column] of [...rows.numbers, ...rows.kinds].entries()) {
    const file: FileHandle = await open(join(folder, signature.features[i]!.name), 'w');
    await file.writeFile(new Uint8Array(column.buffer, column.byteOffset, column.byteLength));
    await file.close();
  }
}

/** A quarter of the numbers each: normal, lognormal, uniform, and mostly zero. */
function shape(column: number, z: number): number {
  if (column % 4 === 0) return z;
  if (column % 4 === 1) return Math.exp(z / 2);
  if (column % 4 === 2) return 10 / (1 + Math.exp(-1.7 * z));
  return Math.max(0, z);
}

/** Box and Muller, one of the two. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
}
