import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { encodeModel } from '../../src/ml/onnx/encode.js';
import { GraphBuilder } from '../../src/ml/onnx/graph-builder.js';
import type { Feature, Signature } from '../../src/ml/schema/signature.js';
import type { Algorithm } from '../../src/models/algorithm.js';
import { writeArchive } from '../../src/models/artifact/archive.js';
import type { Manifest, Reference } from '../../src/models/artifact/manifest.js';
import { defaultGate } from '../../src/models/gate-settings.js';
import type { Stage } from '../../src/models/stage.js';
import { FileObjectStore } from '../../src/platform/storage/file-object-store.js';
import type { TestDatabase } from './database.js';

const FEATURES: readonly Feature[] = [
  { name: 'wind', type: 'NUMBER', nullable: false },
  { name: 'precipitation', type: 'NUMBER', nullable: true },
  { name: 'holiday', type: 'BOOLEAN', nullable: false },
  { name: 'station', type: 'STRING', nullable: false, categories: ['north', 'south'] },
];

/** Classes of the weather, or the temperature 10 + 2·wind − precipitation + 4·holiday + (north 1, south −1). */
export const WEATHER: Signature = {
  task: 'CLASSIFICATION',
  target: 'weather',
  features: FEATURES,
  classes: ['rain', 'sun'],
};
export const TEMPERATURE: Signature = { task: 'REGRESSION', target: 'temperature', features: FEATURES };

const COEFFICIENTS = [2, -1, 4, 1, -1];

/** The bytes of a model.onnx for {@link WEATHER} or {@link TEMPERATURE}; a missing precipitation counts as 0.5. */
export function onnxOf(signature: Signature): Uint8Array {
  const graph = new GraphBuilder();
  const wind = graph.input('wind', 'float');
  const precipitation = graph.imputer(graph.input('precipitation', 'float'), [0.5]);
  const holiday = graph.input('holiday', 'float');
  const station = graph.oneHot(graph.input('station', 'string'), ['north', 'south']);
  const row = graph.concat([wind, precipitation, holiday, station]);
  const result = signature.classes
    ? graph.linearClassifier(row, COEFFICIENTS, [-10], signature.classes, 'LOGISTIC')
    : graph.linearRegressor(row, COEFFICIENTS, 10);
  graph.output('output', result);
  return encodeModel(graph.build('test'));
}

export interface VersionOptions {
  readonly model: string;
  readonly signature: Signature;
  readonly stage?: Stage;
  readonly algorithm?: Algorithm;
  readonly onnx?: Uint8Array;
  /** What the training knew about the distribution of its rows; nothing by default. */
  readonly reference?: Reference;
  /** Of a linear model, where its explanations start; unknown by default. */
  readonly columnMeans?: readonly number[];
}

export interface RegisteredVersion {
  readonly modelId: string;
  readonly versionId: string;
  readonly number: number;
  readonly artifactKey: string;
}

/** Registers a model version the way a training would, on the database and object store of a running Boucle. */
export async function registerVersion(
  database: TestDatabase,
  home: string,
  options: VersionOptions,
): Promise<RegisteredVersion> {
  const { model, signature, reference, columnMeans } = options;
  const { stage = 'CHAMPION', algorithm = 'LOGISTIC_REGRESSION', onnx = onnxOf(signature) } = options;
  const { task, target, features } = signature;
  const [dataset] = await database.query<{ id: string }>(
    `INSERT INTO dataset (id, name) VALUES ($1, 'observations')
     ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id`,
    [uuidv7()],
  );
  const [row] = await database.query<{ id: string; last_version: number }>(
    `INSERT INTO model (id, name, task, dataset_id, target, features, gate, promotion_mode, last_version)
     VALUES ($1, $2, $3, $4, $5, $6, $7, 'MANUAL', 1)
     ON CONFLICT (name) DO UPDATE SET last_version = model.last_version + 1 RETURNING id, last_version`,
    [uuidv7(), model, task, dataset!.id, target, features.map(({ name }) => name), defaultGate(task)],
  );
  const { id: modelId, last_version: number } = row!;
  const artifact = await storeArtifact(home, signature, onnx, algorithm);
  const versionId = uuidv7();
  await database.query(
    `INSERT INTO model_version (id, model_id, number, algorithm, run_id, stage, artifact_key, artifact_sha256,
       artifact_bytes, signature, metrics, manifest, passed_floors)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $10, $11, true)`,
    [
      versionId,
      modelId,
      number,
      algorithm,
      uuidv7(),
      stage,
      artifact.key,
      artifact.sha256,
      signature,
      artifact.manifest.metrics,
      { ...artifact.manifest, ...(reference && { reference }), ...(columnMeans && { columnMeans }) },
    ],
  );
  return { modelId, versionId, number, artifactKey: artifact.key };
}

/** Puts a model.tar.gz into the object store of `home`, as a training leaves it. */
export async function storeArtifact(
  home: string,
  signature: Signature,
  onnx: Uint8Array,
  algorithm: Algorithm = 'LOGISTIC_REGRESSION',
): Promise<{ key: string; sha256: string; manifest: Manifest }> {
  const manifest = manifestOf(signature, algorithm, onnx);
  const folder = await mkdtemp(join(tmpdir(), 'boucle-artifact-'));
  try {
    await writeFile(join(folder, 'model.onnx'), onnx);
    await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest));
    const archive = join(folder, 'model.tar.gz');
    const sha256 = await writeArchive(folder, ['model.onnx', 'manifest.json'], archive);
    const key = `models/test/${randomUUID()}/model.tar.gz`;
    await new FileObjectStore(`file://${home}/objects`).putFile(key, archive);
    return { key, sha256, manifest };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function manifestOf(signature: Signature, algorithm: Algorithm, onnx: Uint8Array): Manifest {
  const sha256 = createHash('sha256').update(onnx).digest('hex');
  const metrics = { rows: 1, scores: {} };
  const evaluations = { train: metrics, validation: metrics, holdout: metrics };
  return {
    format: 1,
    algorithm,
    signature: {
      ...signature,
      features: signature.features.map((feature) => ({ ...feature, categories: [...(feature.categories ?? [])] })),
      classes: signature.classes && [...signature.classes],
    },
    hyperparameters: {},
    seed: 1,
    trainer: 'test',
    dataset: { versionId: randomUUID(), contentHash: sha256 },
    metrics: evaluations,
    baseline: evaluations,
    reference: { rows: 1, features: {}, output: null },
    summary: {},
    warnings: [],
    files: { 'model.onnx': { sha256, bytes: onnx.length } },
  };
}
