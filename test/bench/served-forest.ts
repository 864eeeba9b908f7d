/** A served model for benchmarks: a forest as a training leaves it, registered with its object, and a user who may predict. */
import { createHash, randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import type { Signature } from '../../src/ml/schema/signature.ts';
import type { Reference } from '../../src/models/artifact/manifest.ts';
import type { Boucle } from '../support/boucle-process.ts';

export const TREES = 100;
export const DEPTH = 10;
const NUMBERS = 10;

const built = (path: string): Promise<unknown> => import(new URL(`../../dist/${path}`, import.meta.url).href);
const { encodeModel } = (await built('ml/onnx/encode.js')) as typeof import('../../src/ml/onnx/encode.ts');
const { GraphBuilder } = (await built(
  'ml/onnx/graph-builder.js',
)) as typeof import('../../src/ml/onnx/graph-builder.ts');
const { writeArchive } = (await built(
  'models/artifact/archive.js',
)) as typeof import('../../src/models/artifact/archive.ts');
const { FileObjectStore } = (await built(
  'platform/storage/file-object-store.js',
)) as typeof import('../../src/platform/storage/file-object-store.ts');

const signature: Signature = {
  task: 'CLASSIFICATION',
  target: 'income',
  features: [
    ...Array.from({ length: NUMBERS }, (_, i) => ({ name: `number_${i}`, type: 'NUMBER', nullable: true }) as const),
    { name: 'education', type: 'STRING', nullable: false, categories: ['school', 'college', 'university'] },
    { name: 'married', type: 'BOOLEAN', nullable: false },
  ],
  classes: ['low', 'high'],
};

/** A forest of full trees with random splits and leaves: as much work as a trained one of that depth. */
function forest(): Uint8Array {
  const graph = new GraphBuilder();
  const numbers = Array.from({ length: NUMBERS }, (_, i) => graph.input(`number_${i}`, 'float'));
  const education = graph.oneHot(graph.input('education', 'string'), ['school', 'college', 'university']);
  const features = graph.concat([...numbers, education, graph.input('married', 'float')]);
  const perTree = 2 ** (DEPTH + 1) - 1;
  const nodes = TREES * perTree;
  const trees = {
    roots: Int32Array.from({ length: TREES }, (_, tree) => tree * perTree),
    feature: new Int32Array(nodes).fill(-1),
    threshold: new Float32Array(nodes),
    left: new Int32Array(nodes),
    right: new Int32Array(nodes),
    missingLeft: new Uint8Array(nodes),
    values: new Float32Array(nodes * 2),
    width: 2,
  };
  for (const root of trees.roots) {
    for (let i = 0; i < perTree; i++) {
      const node = root + i;
      if (i >= 2 ** DEPTH - 1) {
        const high = Math.random();
        trees.values.set([(1 - high) / TREES, high / TREES], node * 2);
        continue;
      }
      trees.feature[node] = Math.floor(Math.random() * (NUMBERS + 4));
      trees.threshold[node] = Math.random();
      trees.left[node] = root + 2 * i + 1;
      trees.right[node] = root + 2 * i + 2;
    }
  }
  graph.output('probabilities', graph.treeEnsembleClassifier(features, trees, signature.classes!));
  return encodeModel(graph.build('bench'));
}

/** A row that no request has had before. */
export function freshRow(): Record<string, unknown> {
  const numbers = Array.from({ length: NUMBERS }, (_, i) => [`number_${i}`, Math.random()]);
  return { ...Object.fromEntries(numbers), education: 'college', married: Math.random() < 0.5 };
}

/** 64 bins for every number, as a training leaves them: predictions are counted by them. */
function reference(): Reference {
  const upper = Array.from({ length: 64 }, (_, i) => (i + 1) / 64);
  const numbers = { binning: { type: 'NUMERIC' as const, lower: 0, upper }, counts: [] };
  const features = signature.features.filter(({ type }) => type === 'NUMBER').map(({ name }) => [name, numbers]);
  return { rows: 0, features: Object.fromEntries(features), output: null, probability: numbers };
}

/** A classifier to be served. */
export interface ServedModel {
  readonly signature: Signature;
  readonly onnx: Uint8Array;
  readonly reference: Reference;
}

/** Registers the forest as champion of the model `bench`. */
export async function registerForest(database: pg.Client, home: string): Promise<void> {
  await registerModel(database, home, { signature, onnx: forest(), reference: reference() }, ['bench']);
}

/** Registers a classifier as champion of each of these models; the object store holds it once. */
export async function registerModel(
  database: pg.Client,
  home: string,
  { signature, onnx, reference }: ServedModel,
  names: readonly string[],
): Promise<void> {
  const files = { 'model.onnx': { sha256: createHash('sha256').update(onnx).digest('hex'), bytes: onnx.length } };
  const evaluation = { rows: 0, scores: {} };
  const metrics = { train: evaluation, validation: evaluation, holdout: evaluation };
  const manifest = {
    ...{ format: 1, algorithm: 'RANDOM_FOREST', signature, hyperparameters: {}, seed: 1, trainer: 'bench' },
    ...{ dataset: { versionId: randomUUID(), contentHash: '' }, metrics, baseline: metrics },
    ...{ reference, summary: {}, warnings: [], files },
  };
  await writeFile(join(home, 'model.onnx'), onnx);
  await writeFile(join(home, 'manifest.json'), JSON.stringify(manifest));
  const sha256 = await writeArchive(home, ['model.onnx', 'manifest.json'], join(home, 'model.tar.gz'));
  const artifactKey = `models/${sha256}.tar.gz`;
  await new FileObjectStore(`file://${home}/objects`).putFile(artifactKey, join(home, 'model.tar.gz'));
  for (const name of names) {
    const modelId = randomUUID();
    await database.query('INSERT INTO dataset (id, name) VALUES ($1, $2)', [modelId, name]);
    await database.query(
      `INSERT INTO model (id, name, task, dataset_id, target, features, gate, promotion_mode, last_version)
       VALUES ($1, $2, 'CLASSIFICATION', $1, $3, '{}', '{}', 'MANUAL', 1)`,
      [modelId, name, signature.target],
    );
    await database.query(
      `INSERT INTO model_version (id, model_id, number, algorithm, run_id, stage, artifact_key, artifact_sha256,
         artifact_bytes, signature, metrics, manifest, passed_floors)
       VALUES ($1, $2, 1, 'RANDOM_FOREST', $1, 'CHAMPION', $3, $4, 1, $5, '{}', $6, true)`,
      [randomUUID(), modelId, artifactKey, sha256, signature, manifest],
    );
  }
}

/** @returns the token of a user who may predict. */
export async function signUp(boucle: Boucle, database: pg.Client): Promise<string> {
  const { register: payload } = await boucle.ask(
    'mutation ($input: RegisterInput!) { register(input: $input) { accessToken } }',
    { input: { email: `${randomUUID()}@example.org`, password: 'a good long pass phrase' } },
  );
  await database.query(`UPDATE app_user SET role = 'ENGINEER'`);
  return payload.accessToken;
}
