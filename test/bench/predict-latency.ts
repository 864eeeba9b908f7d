/**
 * Latency of a single-row prediction over REST on an idle process, logged before it is answered.
 * Run `npm run build`, then `node test/bench/predict-latency.ts [requests]`.
 */
import { createHash, randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Signature } from '../../src/ml/schema/signature.ts';
import type { Reference } from '../../src/models/artifact/manifest.ts';
import { type Boucle, runBoucle, startBoucle, TEST_SECRET } from '../support/boucle-process.ts';

const TREES = 100;
const DEPTH = 10;
const NUMBERS = 10;
const WARM_UP = 500;
const requests = Number(process.argv[2] ?? 2_000);

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
const { startEmbeddedPostgres } = (await built(
  'platform/database/embedded/embedded-postgres.js',
)) as typeof import('../../src/platform/database/embedded/embedded-postgres.ts');

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

function row(): Record<string, unknown> {
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

async function register(database: pg.Client, home: string): Promise<void> {
  const onnx = forest();
  const files = { 'model.onnx': { sha256: createHash('sha256').update(onnx).digest('hex'), bytes: onnx.length } };
  const evaluation = { rows: 0, scores: {} };
  const metrics = { train: evaluation, validation: evaluation, holdout: evaluation };
  const manifest = {
    ...{ format: 1, algorithm: 'RANDOM_FOREST', signature, hyperparameters: {}, seed: 1, trainer: 'bench' },
    ...{ dataset: { versionId: randomUUID(), contentHash: '' }, metrics, baseline: metrics },
    ...{ reference: reference(), summary: {}, warnings: [], files },
  };
  await writeFile(join(home, 'model.onnx'), onnx);
  await writeFile(join(home, 'manifest.json'), JSON.stringify(manifest));
  const sha256 = await writeArchive(home, ['model.onnx', 'manifest.json'], join(home, 'model.tar.gz'));
  await new FileObjectStore(`file://${home}/objects`).putFile('models/bench.tar.gz', join(home, 'model.tar.gz'));
  const modelId = randomUUID();
  await database.query(`INSERT INTO dataset (id, name) VALUES ($1, 'bench')`, [modelId]);
  await database.query(
    `INSERT INTO model (id, name, task, dataset_id, target, features, gate, promotion_mode, last_version)
     VALUES ($1, 'bench', 'CLASSIFICATION', $1, 'income', '{}', '{}', 'MANUAL', 1)`,
    [modelId],
  );
  await database.query(
    `INSERT INTO model_version (id, model_id, number, algorithm, run_id, stage, artifact_key, artifact_sha256,
       artifact_bytes, signature, metrics, manifest, passed_floors)
     VALUES ($1, $2, 1, 'RANDOM_FOREST', $1, 'CHAMPION', 'models/bench.tar.gz', $3, 1, $4, '{}', $5, true)`,
    [randomUUID(), modelId, sha256, signature, manifest],
  );
}

async function signUp(boucle: Boucle, database: pg.Client): Promise<string> {
  const { register: payload } = await boucle.ask(
    'mutation ($input: RegisterInput!) { register(input: $input) { accessToken } }',
    { input: { email: 'bench@example.org', password: 'a good long pass phrase' } },
  );
  await database.query(`UPDATE app_user SET role = 'ENGINEER'`);
  return payload.accessToken;
}

/** One request on a kept-alive connection; milliseconds until the whole answer is there. */
function predict(agent: Agent, url: string, token: string): Promise<number> {
  const body = JSON.stringify({ rows: [row()] });
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const call = request(`${url}/v1/models/bench/predict`, { method: 'POST', agent, headers }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
      answer.on('end', () => {
        if (answer.statusCode === 200 && text.includes('"value"')) resolve(performance.now() - started);
        else reject(new Error(text));
      });
    });
    call.on('error', reject);
    call.end(body);
  });
}

function quantile(sorted: readonly number[], q: number): string {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!.toFixed(2);
}

async function measure(boucle: Boucle, token: string): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const times: number[] = [];
  for (let i = 0; i < WARM_UP; i++) await predict(agent, boucle.url, token);
  for (let i = 0; i < requests; i++) {
    times.push(await predict(agent, boucle.url, token));
    if (i % 20 === 19) await delay(20); // Idle, not busy: the load generator pauses.
  }
  agent.destroy();
  return times.sort((a, b) => a - b);
}

function report(sorted: readonly number[]): void {
  process.stdout.write(
    `${requests} single-row predictions, ${TREES} trees of depth ${DEPTH}, each logged:\n` +
      `p50 ${quantile(sorted, 0.5)} ms, p90 ${quantile(sorted, 0.9)} ms, p99 ${quantile(sorted, 0.99)} ms, max ${quantile(sorted, 1)} ms\n`,
  );
}

async function bench(home: string, databaseUrl: string): Promise<void> {
  await runBoucle(['migrate'], { DATABASE_URL: databaseUrl, BOUCLE_SECRET: TEST_SECRET });
  const database = new pg.Client({ connectionString: databaseUrl });
  await database.connect();
  const boucle = await startBoucle({ databaseUrl, home, env: { REGISTRATION: 'open' } });
  try {
    await register(database, home);
    report(await measure(boucle, await signUp(boucle, database)));
    const { rows } = await database.query<{ n: number }>('SELECT count(*)::int AS n FROM prediction');
    if (rows[0]?.n !== WARM_UP + requests) throw new Error(`${rows[0]?.n ?? 0} predictions are in the log`);
  } finally {
    await boucle.stop();
    await database.end();
  }
}

const home = await mkdtemp(join(tmpdir(), 'boucle-bench-'));
const server = await startEmbeddedPostgres(home);
try {
  await bench(home, server.url);
} finally {
  await server.stop();
  await rm(home, { recursive: true, force: true });
}
