/**
 * One training of ours in a process of its own, as the program trains: node --expose-gc ours.ts FOLDER CONTEST THREADS
 * Reads the set in FOLDER, writes predictions of its test rows to FOLDER/predictions.f32, and prints JSON.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Column, TrainingTable } from '../../../src/ml/train/table.ts';
import { batchOf, compile, createTable, decodeModel, TRAINERS } from './built.ts';
import { CONTESTS } from './contests.ts';
import type { SetDescription } from './sets.ts';
import { peakKilobytes, residentKilobytes, resetPeak } from './memory.ts';
import type { Measurement } from './measurement.ts';

const [folder, contestName, threads] = process.argv.slice(2) as [string, string, string];
const contest = CONTESTS.find(({ name }) => name === contestName)!;

const set = JSON.parse(await readFile(join(folder, 'set.json'), 'utf8')) as SetDescription;
const table = await readTrainingRows();
globalThis.gc!();
const before = await residentKilobytes();
await resetPeak();
const began = performance.now();
const { onnx, summary } = await TRAINERS[contest.algorithm].fit(table, {
  hyperparameters: contest.hyperparameters,
  seed: 1,
  threads: Number(threads),
});
const seconds = (performance.now() - began) / 1000;
const peak = await peakKilobytes();

await writeFile(join(folder, 'predictions.f32'), await predict());
const coefficients = summary.kind === 'LINEAR' ? summary.coefficients.map(({ value }) => value) : undefined;
const measurement: Measurement = {
  versions: { node: process.version.slice(1) },
  seconds,
  peakBytes: peak === undefined || before === undefined ? undefined : 1024 * (peak - before),
  coefficients,
};
process.stdout.write(JSON.stringify(measurement));

/** Trees get categories by number, as the peers' do; a linear model gets them as text. */
async function columns(from: number, to: number): Promise<Column[]> {
  const features = await readFile(join(folder, 'features.f32'));
  return set.columns.map(({ name, categories }, i) => {
    const start = features.byteOffset + 4 * (i * set.rows + from);
    const values = new Float32Array(features.buffer.slice(start, start + 4 * (to - from)));
    if (categories === undefined || contest.algorithm !== 'LOGISTIC_REGRESSION')
      return { name, type: 'NUMBER', values: Float64Array.from(values) };
    const dictionary = Array.from({ length: categories }, (_, code) => String(code));
    return { name, type: 'STRING', codes: Int32Array.from(values), dictionary };
  });
}

async function readTrainingRows(): Promise<TrainingTable> {
  const file = await readFile(join(folder, 'target.f64'));
  const target = new Float64Array(file.buffer.slice(file.byteOffset, file.byteOffset + 8 * set.trainRows));
  return createTable(set.task, { name: 'y', type: 'NUMBER', values: target }, await columns(0, set.trainRows));
}

/** Predicted values, or probabilities of the second class. */
async function predict(): Promise<Float32Array> {
  const rows = set.rows - set.trainRows;
  const features = await columns(set.trainRows, set.rows);
  const { values } = compile(decodeModel(onnx)).evaluate(batchOf({ ...table, rows, features }));
  return set.task === 'REGRESSION' ? values : values.filter((_, i) => i % 2 === 1);
}
