import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { compile } from '../../src/ml/onnx/compile.js';
import { decodeModel } from '../../src/ml/onnx/decode.js';
import { encodeModel } from '../../src/ml/onnx/encode.js';
import { GraphBuilder } from '../../src/ml/onnx/graph-builder.js';
import { loadProgram } from '../../src/ml/onnx/loader.js';
import { OnnxFormatError, UnsupportedGraphError } from '../../src/ml/onnx/model.js';
import type { Batch, Evaluator } from '../../src/ml/schema/evaluator.js';
import type { TreeEnsemble } from '../../src/ml/schema/tree-ensemble.js';
import { Random } from '../../src/ml/statistics/random.js';
import { ModelArtifacts } from '../../src/models/artifact/model-artifacts.js';
import { FileObjectStore } from '../../src/platform/storage/file-object-store.js';
import { type CompiledMl, compileMl } from '../support/compiled-ml.js';
import { onnxOf, storeArtifact, TEMPERATURE, WEATHER } from '../support/served-model.js';

// Jest's sandbox has a Float32Array of its own, which ONNX Runtime's native code doesn't recognise; a clone's is the real one.
globalThis.Float32Array = structuredClone(new Float32Array(0)).constructor as Float32ArrayConstructor;
const { createEvaluator } = await import('../../src/models/evaluation/create-evaluator.js');
const { OnnxRuntimeEvaluator } = await import('../../src/models/evaluation/onnx-runtime-evaluator.js');

const COLUMNS = 10;
const CLASSES = ['no', 'yes'];

/** Full trees with random splits and leaves: 2^(depth + 1) − 1 nodes each. */
function randomTrees(trees: number, depth: number, width: number): TreeEnsemble {
  const random = new Random(trees);
  const perTree = 2 ** (depth + 1) - 1;
  const inner = 2 ** depth - 1;
  const nodes = trees * perTree;
  const inTree = (node: number): number => node % perTree;
  const isLeaf = (node: number): boolean => inTree(node) >= inner;
  const child = (side: number) => (_: unknown, node: number) =>
    isLeaf(node) ? 0 : node - inTree(node) + 2 * inTree(node) + side;
  return {
    roots: Int32Array.from({ length: trees }, (_, tree) => tree * perTree),
    feature: Int32Array.from({ length: nodes }, (_, node) => (isLeaf(node) ? -1 : random.uint32() % COLUMNS)),
    threshold: Float32Array.from({ length: nodes }, () => random.uniform()),
    left: Int32Array.from({ length: nodes }, child(1)),
    right: Int32Array.from({ length: nodes }, child(2)),
    missingLeft: Uint8Array.from({ length: nodes }, () => random.uint32() % 2),
    values: Float32Array.from({ length: nodes * width }, (_, i) =>
      isLeaf(Math.floor(i / width)) ? random.uniform() / trees : 0,
    ),
    width,
  };
}

function graphOf(add: (graph: GraphBuilder, row: string) => string): GraphBuilder {
  const graph = new GraphBuilder();
  const row = graph.concat(Array.from({ length: COLUMNS }, (_, i) => graph.input(`x${i}`, 'float')));
  graph.output('output', add(graph, row));
  return graph;
}

const classifier = (trees: number, depth: number): Uint8Array =>
  encodeModel(
    graphOf((graph, row) => graph.treeEnsembleClassifier(row, randomTrees(trees, depth, 2), CLASSES)).build('forest'),
  );

const regressor = (trees: number, depth: number): Uint8Array =>
  encodeModel(graphOf((graph, row) => graph.treeEnsembleRegressor(row, randomTrees(trees, depth, 1))).build('forest'));

/** A forest whose scores go through an operator that has no kernel; its scores are all positive, so Abs keeps them. */
function unsupportedForest(trees: number, depth: number): Uint8Array {
  const model = graphOf((graph, row) => graph.treeEnsembleRegressor(row, randomTrees(trees, depth, 1))).build('forest');
  const renamed = model.graph.nodes.map((node) => ({
    ...node,
    outputs: node.outputs.map((name) => (name === 'output' ? 'sum' : name)),
  }));
  const abs = { name: 'abs', operator: 'Abs', domain: '', inputs: ['sum'], outputs: ['output'], attributes: [] };
  return encodeModel({ ...model, graph: { ...model.graph, nodes: [...renamed, abs] } });
}

function randomBatch(rows: number): Batch {
  const random = new Random(rows);
  const value = (): number => (random.uint32() % 20 === 0 ? NaN : random.uniform());
  return { rows, columns: Array.from({ length: COLUMNS }, () => Float32Array.from({ length: rows }, value)) };
}

/** The same scores to the last bit, for many rows and for one, which takes another path. */
async function expectSameScores(evaluator: Evaluator, onnx: Uint8Array): Promise<void> {
  const inPlace = compile(decodeModel(onnx));
  for (const batch of [randomBatch(3000), randomBatch(1)]) {
    expect((await evaluator.evaluate(batch)).values).toEqual(inPlace.evaluate(batch).values);
  }
}

let compiled: CompiledMl;
let workerUrl: URL;

beforeAll(() => {
  compiled = compileMl();
  workerUrl = compiled.url('onnx/worker.js');
});

afterAll(() => {
  compiled.remove();
});

describe('loading an evaluator', () => {
  it('never holds up the event loop, however large the forest', async () => {
    const onnx = classifier(120, 10);
    const home = await mkdtemp(join(tmpdir(), 'boucle-loading-'));
    const { key, sha256 } = await storeArtifact(home, WEATHER, onnx);
    const artifacts = new ModelArtifacts(new FileObjectStore(`file://${home}/objects`));
    const load = async (): Promise<Evaluator> => createEvaluator((await artifacts.load(key, sha256)).onnx, workerUrl);

    await expectSameScores(await load(), onnx);
    // The machine may be busy with something else in one or the other load; what blocks, blocks in each.
    const delays: number[] = [];
    for (let i = 0; i < 5; i++) delays.push(await longestDelay(load));
    const inPlace = await longestDelay(() => compile(decodeModel(onnx)));
    process.stdout.write(
      `Longest delays of 5 loads: ${delays.map(milliseconds).join(', ')}; in place ${milliseconds(inPlace)}\n`,
    );
    expect(Math.min(...delays)).toBeLessThan(inPlace / 5);
    await rm(home, { recursive: true });
  });

  it.each([
    ['regression', regressor(40, 7)],
    ['classes', classifier(40, 7)],
  ])('gives the same scores and counts the same memory as in place: %s', async (_name, onnx) => {
    const evaluator = await createEvaluator(onnx, workerUrl);
    await expectSameScores(evaluator, onnx);
    const { inputs, width, bytes } = compile(decodeModel(onnx));
    expect(evaluator).toMatchObject({ inputs, width, bytes });
  });

  it('leaves the bytes as they are, and loads several models at the same time', async () => {
    const models = [regressor(30, 7), regressor(31, 7), classifier(32, 7)];
    const before = models.map((onnx) => onnx.slice());
    const evaluators = await Promise.all(models.map((onnx) => createEvaluator(onnx, workerUrl)));
    for (const [i, evaluator] of evaluators.entries()) await expectSameScores(evaluator, models[i]!);
    expect(models).toEqual(before);
  });

  it('starts no thread for a small model', async () => {
    const evaluator = await createEvaluator(onnxOf(TEMPERATURE), new URL('file:///nowhere.js'));
    expect(evaluator.width).toBe(1);
  });
});

describe('a model that cannot be loaded on the thread', () => {
  it('goes to ONNX Runtime if its graph has no kernels', async () => {
    const onnx = unsupportedForest(30, 7);
    const evaluator = await createEvaluator(onnx, workerUrl);
    expect(evaluator).toBeInstanceOf(OnnxRuntimeEvaluator);
    const batch = randomBatch(50);
    const { values } = await evaluator.evaluate(batch);
    const expected = compile(decodeModel(regressor(30, 7))).evaluate(batch).values;
    for (const [i, value] of values.entries()) expect(value).toBeCloseTo(expected[i]!, 5);
    await evaluator.dispose();
  });

  it('is refused with the error of the in-place path', async () => {
    const unsupported = unsupportedForest(30, 7);
    const damaged = regressor(30, 7).subarray(0, 90_000);
    for (const [onnx, kind] of [
      [unsupported, UnsupportedGraphError],
      [damaged, OnnxFormatError],
    ] as const) {
      const error: unknown = await loadProgram(onnx, workerUrl).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(kind);
      expect(() => compile(decodeModel(onnx))).toThrow((error as Error).message);
    }
  });

  it('fails alone, also when the thread itself ends', async () => {
    const onnx = regressor(30, 7);
    const broken = loadProgram(onnx, compiled.write('broken.js', 'throw new TypeError("no such instruction");'));
    const ended = loadProgram(onnx, compiled.write('ended.js', 'process.exit(3);'));
    const fine = createEvaluator(onnx, workerUrl);
    await expect(broken).rejects.toMatchObject({ name: 'TypeError', message: 'no such instruction' });
    await expect(ended).rejects.toThrow('ended early with code 3');
    await expectSameScores(await fine, onnx);
  });
});

/** Longest time in milliseconds that the event loop was late while `work` went on. */
async function longestDelay(work: () => unknown): Promise<number> {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
  await delay(20);
  await work();
  await delay(20);
  histogram.disable();
  return histogram.max / 1e6;
}

function milliseconds(value: number): string {
  return `${value.toFixed(1)} ms`;
}
