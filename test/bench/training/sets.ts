/** Data sets of the training benchmark: made from a seed, or read from public files where these are at hand. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Random } from '../../../src/ml/statistics/random.ts';
import type { Task } from '../../../src/ml/schema/signature.ts';

/** Rows of both parts, train rows first; categories are numbered in order of their names. */
export interface BenchSet {
  readonly name: string;
  readonly task: Task;
  readonly trainRows: number;
  readonly columns: readonly BenchColumn[];
  /** Values, or 0 and 1. */
  readonly target: Float64Array;
}

interface BenchColumn {
  readonly name: string;
  readonly values: Float32Array;
  /** Of a categorical column: how many. */
  readonly categories?: number;
}

/** What is known of a set that was written to a folder; see {@link writeSet}. */
export interface SetDescription {
  readonly task: Task;
  readonly rows: number;
  readonly trainRows: number;
  readonly columns: readonly { readonly name: string; readonly categories?: number }[];
}

export const SET_NAMES = ['60k', '500k', 'adult', 'beijing'] as const;
export type SetName = (typeof SET_NAMES)[number];

/** @returns undefined where the folder has no such file. */
export async function makeSet(name: SetName, dataFolder: string): Promise<BenchSet | undefined> {
  if (name === '60k') return syntheticSet(name, 60_000, 60_000);
  if (name === '500k') return syntheticSet(name, 500_000, 100_000);
  return name === 'adult' ? adultSet(dataFolder) : beijingSet(dataFolder);
}

/** Columns one after the other as float32 in features.f32, the target as float64 in target.f64, the rest in set.json. */
export async function writeSet({ task, trainRows, columns, target }: BenchSet, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'features.f32'), Buffer.concat(columns.map(({ values }) => Buffer.from(values.buffer))));
  await writeFile(join(folder, 'target.f64'), new Uint8Array(target.buffer));
  const described = columns.map(({ name, categories }) => ({ name, categories }));
  const description: SetDescription = { task, rows: target.length, trainRows, columns: described };
  await writeFile(join(folder, 'set.json'), JSON.stringify(description));
}

const SYNTHETIC_COLUMNS = 20;

/**
 * Two classes from 20 columns, normal and lognormal in turn. The score is linear in some, bent in others, and has two
 * interactions; ten columns are noise.
 */
function syntheticSet(name: string, trainRows: number, testRows: number): BenchSet {
  const rows = trainRows + testRows;
  const columns = Array.from({ length: SYNTHETIC_COLUMNS }, (_, column) => {
    const random = new Random(11, column);
    const shape = column % 2 === 0 ? (z: number): number => z : (z: number): number => Math.exp(z / 2);
    return { name: `x${column}`, values: Float32Array.from({ length: rows }, () => shape(normal(random))) };
  });
  const random = new Random(11, SYNTHETIC_COLUMNS);
  const target = Float64Array.from({ length: rows }, (_, row) => {
    const x = columns.map(({ values }) => values[row]!);
    const bent = Math.sin(2 * x[0]!) + Math.abs(x[2]!) - 1.5 * Math.log(x[1]!) * x[4]!;
    const linear = x[6]! - x[3]! + 0.7 * x[5]! + 0.3;
    const jump = x[8]! > 0.5 ? x[7]! : 0;
    return random.uniform() < 1 / (1 + Math.exp(-(bent + linear + jump))) ? 1 : 0;
  });
  return { name, task: 'CLASSIFICATION', trainRows, columns, target };
}

const ADULT_COLUMNS =
  'age workclass fnlwgt education education_num marital_status occupation relationship race sex capital_gain capital_loss hours_per_week native_country';

/** UCI Adult, income above 50K, with the split that it comes with. A missing category is one more category. */
async function adultSet(dataFolder: string): Promise<BenchSet | undefined> {
  const train = await readLines(join(dataFolder, 'adult-train.csv'));
  const test = await readLines(join(dataFolder, 'adult-test.csv'));
  if (!train || !test) return undefined;
  const cells = [...train, ...test].map((line) => line.split(',').map((cell) => cell.trim()));
  const columns = ADULT_COLUMNS.split(' ').map((name, i) => columnOf(name, cells, i));
  const target = Float64Array.from(cells, (row) => (row.at(-1)!.startsWith('>50K') ? 1 : 0));
  return { name: 'adult', task: 'CLASSIFICATION', trainRows: train.length, columns, target };
}

const BEIJING_COLUMNS = { month: 2, day: 3, hour: 4, DEWP: 6, TEMP: 7, PRES: 8, cbwd: 9, Iws: 10, Is: 11, Ir: 12 };
const BEIJING_TARGET = 5;

/** UCI Beijing PM2.5, hours with a measurement in random order, four fifths of them to train on. */
async function beijingSet(dataFolder: string): Promise<BenchSet | undefined> {
  const lines = await readLines(join(dataFolder, 'beijing-pm25.csv'));
  if (!lines) return undefined;
  const cells = lines.slice(1).map((line) => line.split(','));
  const known = cells.filter((row) => row[BEIJING_TARGET] !== 'NA');
  const random = new Random(11);
  for (let i = known.length - 1; i > 0; i--) {
    const other = random.below(i + 1);
    [known[i], known[other]] = [known[other]!, known[i]!];
  }
  const columns = Object.entries(BEIJING_COLUMNS).map(([name, i]) => columnOf(name, known, i));
  const target = Float64Array.from(known, (row) => Number(row[BEIJING_TARGET]));
  return { name: 'beijing', task: 'REGRESSION', trainRows: Math.round(0.8 * known.length), columns, target };
}

/** A column of numbers, or of categories if one cell is none. */
function columnOf(name: string, cells: readonly (readonly string[])[], i: number): BenchColumn {
  const numbers = Float32Array.from(cells, (row) => Number(row[i]));
  if (!numbers.some(Number.isNaN)) return { name, values: numbers };
  const names = [...new Set(cells.map((row) => row[i]!))].sort();
  const codes = new Map(names.map((category, code) => [category, code]));
  return { name, values: Float32Array.from(cells, (row) => codes.get(row[i]!)!), categories: names.length };
}

async function readLines(path: string): Promise<string[] | undefined> {
  if (!existsSync(path)) return undefined;
  const text = await readFile(path, 'utf8');
  return text.split('\n').filter((line) => line.includes(','));
}

/** Box and Muller, one of the two. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
}
