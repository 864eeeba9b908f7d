/** The forest that is served, ours and each peer's own: same rows, same number and depth of trees, texts by their codes. */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { TrainingTable } from '../../../src/ml/train/table.ts';
import { adultLike, codedColumns } from '../evaluator/sets.ts';
import type { Peers } from '../peers/python.ts';
import type { ServedModel } from '../served-forest.ts';
import { qualityOf } from '../training/quality.ts';
import { type BenchSet, makeSet, writeSet } from '../training/sets.ts';
import { batchOf, compile, createTable, decodeModel, describeReference, selectRows, TRAINERS } from './built.ts';

export const FOREST = { trees: 100, maxDepth: 12 } as const;
/** Of a thousand models at once: what a cache of the usual size has room for. */
export const SMALL_FOREST = { trees: 10, maxDepth: 6 } as const;
const SEED = 1;

/** A model's own answers for the rows that it was not trained on: what its server has to answer. */
export interface Answers {
  /** Probability of the class 1, by row. */
  readonly expected: Float32Array;
  readonly auc: number;
}

/** UCI Adult from a folder, or else made-up rows with the same columns. */
export async function servedSet(dataFolder: string): Promise<BenchSet> {
  return (await makeSet('adult', dataFolder)) ?? madeUp();
}

function madeUp(): BenchSet {
  const { name, train, fresh } = adultLike();
  const columns = codedColumns(train).map((values, i) => ({
    name: train.features[i]!.name,
    values: Float32Array.from([...values, ...codedColumns(fresh)[i]!]),
  }));
  const target = Float64Array.from([...classCodes(train), ...classCodes(fresh)]);
  return { name, task: 'CLASSIFICATION', trainRows: train.rows, columns, target };
}

function classCodes({ target }: TrainingTable): Int32Array {
  if (target.task !== 'CLASSIFICATION') throw new Error('The set has no classes.');
  return target.codes;
}

/** Trains ours. */
export async function trainForest(
  set: BenchSet,
  hyperparameters: { readonly trees: number; readonly maxDepth: number },
): Promise<ServedModel & Answers> {
  const target = { name: 'income', type: 'NUMBER', values: set.target } as const;
  const features = set.columns.map(
    ({ name, values }) => ({ name, type: 'NUMBER', values: Float64Array.from(values) }) as const,
  );
  const table = createTable('CLASSIFICATION', target, features);
  const rows = Int32Array.from({ length: table.rows }, (_, row) => row);
  const train = selectRows(table, rows.subarray(0, set.trainRows));
  const { onnx, signature } = await TRAINERS.RANDOM_FOREST.fit(train, {
    hyperparameters,
    seed: SEED,
    threads: availableParallelism(),
  });
  const evaluator = compile(decodeModel(onnx));
  const reference = describeReference(train, signature, evaluator.evaluate(batchOf(train)).values);
  const scores = evaluator.evaluate(batchOf(table, set.trainRows)).values;
  const expected = Float32Array.from({ length: scores.length / 2 }, (_, row) => scores[2 * row + 1]!);
  return { onnx, signature, reference, ...answersOf(set, expected) };
}

/** Has scikit-learn train one, in the environment and the format of a peer. */
export async function trainPeer(
  peers: Peers,
  set: BenchSet,
  folder: string,
  format: string,
): Promise<Answers & { readonly versions: Readonly<Record<string, string>> }> {
  await writeSet(set, folder);
  const { versions } = await peers('serving.py', [folder, String(FOREST.trees), String(FOREST.maxDepth), format]);
  const bytes = new Uint8Array(await readFile(join(folder, 'predictions.f32')));
  return { versions, ...answersOf(set, new Float32Array(bytes.buffer)) };
}

function answersOf({ task, target, trainRows }: BenchSet, expected: Float32Array): Answers {
  const { AUC = NaN } = qualityOf(task, target.subarray(trainRows), expected);
  return { expected, auc: AUC };
}
