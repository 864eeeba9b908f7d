/** Seeded data: rows to train on and rows to predict, which no training has seen. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Column, TrainingTable } from '../../../src/ml/train/table.ts';
import type { Task } from '../../../src/ml/schema/signature.ts';
import { createTable, Random, selectRows } from './built.ts';

export const TRAIN_ROWS = 50_000;
export const FRESH_ROWS = 10_000;
const ROWS = TRAIN_ROWS + FRESH_ROWS;

type Generator = InstanceType<typeof Random>;

export interface BenchSet {
  readonly name: string;
  readonly train: TrainingTable;
  readonly fresh: TrainingTable;
}

/** 20 numbers, of which nine matter, with interactions. */
export function synthetic(task: Task): BenchSet {
  const columns = Array.from({ length: 20 }, (_, i) => numberColumn(`x${i}`, i, (random) => normal(random)));
  const noise = new Random(7, 99);
  const score = Float64Array.from({ length: ROWS }, (_, row) => {
    const x = columns.map(({ values }) => values[row]!);
    const bent = Math.sin(2 * x[0]!) + Math.abs(x[2]!) - x[1]! * x[4]!;
    return bent + x[6]! - x[3]! + 0.7 * x[5]! + (x[8]! > 0.5 ? x[7]! : 0) + 0.5 * normal(noise);
  });
  return setOf('synthetic, 20 numbers', task, columns, score);
}

/** Categories of the text columns of UCI Adult, from workclass to native_country. */
const CATEGORIES = { work: 9, education: 16, marital: 7, occupation: 15, relation: 6, race: 5, sex: 2, country: 42 };

/** Columns as in UCI Adult: six numbers, two of them mostly 0, and eight texts with as many categories as there. */
export function adultLike(): BenchSet {
  const numbers = [
    numberColumn('age', 20, (random) => Math.round(17 + 73 * random.uniform() ** 1.7)),
    numberColumn('weight', 21, (random) => Math.round(190_000 * Math.exp(0.5 * normal(random)))),
    numberColumn('years', 22, (random) => 1 + random.below(16)),
    numberColumn('gain', 23, (random) => (random.uniform() < 0.08 ? Math.round(20_000 * random.uniform()) : 0)),
    numberColumn('loss', 24, (random) => (random.uniform() < 0.05 ? Math.round(1_000 + 1_500 * random.uniform()) : 0)),
    numberColumn('hours', 25, (random) => Math.max(1, Math.round(40 + 12 * normal(random)))),
  ];
  const texts = Object.entries(CATEGORIES).map(([name, categories], i) => textColumn(name, 30 + i, categories));
  const noise = new Random(7, 98);
  const score = Float64Array.from({ length: ROWS }, (_, row) => {
    const [age, , years, gain, , hours] = numbers.map(({ values }) => values[row]!);
    const codes = texts.map((column) => column.codes[row]!);
    const office = Math.sin(codes[3]! * 1.7) + (codes[2]! < 2 ? 1 : -0.5) * Math.cos(codes[4]!);
    return (
      0.35 * (years! - 9) +
      (age! - 38) / 20 -
      ((age! - 50) / 30) ** 2 +
      gain! / 4_000 +
      hours! / 40 +
      office +
      normal(noise)
    );
  });
  return setOf('Adult-like, 6 numbers and 8 texts', 'CLASSIFICATION', [...numbers, ...texts], score);
}

/** Writes a set for the peers: features as a row-major float32 matrix, texts by their codes, and the classes 0 and 1. */
export async function writeSet({ train, fresh }: BenchSet, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'train.f32'), rowMajor(train));
  await writeFile(join(folder, 'fresh.f32'), rowMajor(fresh));
  if (train.target.task === 'CLASSIFICATION') await writeFile(join(folder, 'target.i32'), train.target.codes);
}

/** All columns as numbers, texts by their codes: what a peer's model takes. */
export function codedColumns({ features }: TrainingTable): Float32Array[] {
  return features.map((column) => Float32Array.from(column.type === 'STRING' ? column.codes : column.values));
}

function rowMajor(table: TrainingTable): Float32Array {
  const columns = codedColumns(table);
  const matrix = new Float32Array(table.rows * columns.length);
  columns.forEach((column, i) => {
    for (let row = 0; row < table.rows; row++) matrix[row * columns.length + i] = column[row]!;
  });
  return matrix;
}

function setOf(name: string, task: Task, features: readonly Column[], score: Float64Array): BenchSet {
  const middle = Float64Array.from(score).sort()[ROWS >> 1]!;
  const values = task === 'REGRESSION' ? score : score.map((value) => Number(value > middle));
  const table = createTable(task, { name: 'y', type: 'NUMBER', values }, features);
  const rows = Int32Array.from({ length: ROWS }, (_, row) => row);
  return {
    name,
    train: selectRows(table, rows.subarray(0, TRAIN_ROWS)),
    fresh: selectRows(table, rows.subarray(TRAIN_ROWS)),
  };
}

function numberColumn(name: string, stream: number, draw: (random: Generator) => number): Column & { type: 'NUMBER' } {
  const random = new Random(7, stream);
  return { name, type: 'NUMBER', values: Float64Array.from({ length: ROWS }, () => Math.fround(draw(random))) };
}

/** The lower a category's code, the more frequent it is. */
function textColumn(name: string, stream: number, categories: number): Column & { type: 'STRING' } {
  const random = new Random(7, stream);
  return {
    name,
    type: 'STRING',
    codes: Int32Array.from({ length: ROWS }, () => Math.floor(categories * random.uniform() ** 2)),
    dictionary: Array.from({ length: categories }, (_, code) => `${name} ${code}`),
  };
}

/** Box and Muller, one of the two. */
function normal(random: Generator): number {
  return Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
}
