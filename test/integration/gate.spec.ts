import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeModel } from '../../src/ml/onnx/encode.js';
import { GraphBuilder } from '../../src/ml/onnx/graph-builder.js';
import { compareModels } from '../../src/models/evaluation/compare-models.js';
import type { Comparison } from '../../src/models/promotion-gate.js';
import { weatherSql, writeParquet } from '../support/training-data.js';

/** A classifier that looks at the pressure only: the weight and bias of each class. */
function classifier(weights: Readonly<Record<string, readonly [weight: number, bias: number]>>) {
  const classes = Object.keys(weights);
  const graph = new GraphBuilder();
  const x = graph.scaler(graph.input('pressure', 'float'), [1012], [1]);
  const coefficients = classes.map((label) => weights[label]![0]);
  const intercepts = classes.map((label) => weights[label]![1]);
  graph.output('probabilities', graph.linearClassifier(x, coefficients, intercepts, classes, 'SOFTMAX'));
  return { onnx: encodeModel(graph.build('test')), classes };
}

describe('the comparison behind the gate', () => {
  let folder: string;
  let data: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'boucle-gate-'));
    data = join(folder, 'data.parquet');
    await writeParquet(weatherSql(3000), data);
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  const compare = (
    champion: ReturnType<typeof classifier>,
    challenger: ReturnType<typeof classifier>,
  ): Promise<Comparison> =>
    compareModels({
      folder,
      data,
      memoryLimit: '256MB',
      columns: { task: 'CLASSIFICATION', target: 'weather', features: ['pressure'] },
      metric: 'logLoss',
      champion,
      challenger,
    });

  const good = { fog: [0, -1], rain: [-2, 0], sun: [0, 1] } as const;
  const guessing = { fog: [0, 0], rain: [0, 0], sun: [0, 0] } as const;

  it('finds the better model, with an interval that does not touch zero, the same every time', async () => {
    const first = await compare(classifier(guessing), classifier(good));
    expect(first.low).toBeGreaterThan(0);
    expect(first.low).toBeLessThan(first.difference);
    expect(first.high).toBeGreaterThan(first.difference);
    expect(first.rows / 3000).toBeCloseTo(0.15, 1);
    expect(await compare(classifier(guessing), classifier(good))).toEqual(first);
    const turned = await compare(classifier(good), classifier(guessing));
    expect(turned.difference).toBeCloseTo(-first.difference, 10);
    expect(turned.high).toBeLessThan(0);
  });

  it('matches classes by name, not by position', async () => {
    const { fog, rain, sun } = good;
    const { difference, low, high } = await compare(classifier(good), classifier({ sun, fog, rain }));
    for (const value of [difference, low, high]) expect(value).toBeCloseTo(0, 5);
  });

  it('counts a class that a model has never seen as one that it thought impossible', async () => {
    const { rain, sun } = good;
    const { difference } = await compare(classifier({ rain, sun }), classifier(good));
    expect(difference).toBeGreaterThan(0.5);
  });

  it('tells what is wrong with data that the models cannot read', async () => {
    await writeParquet(`SELECT 'x' AS weather, 1 AS wind FROM range(100)`, data);
    await expect(compare(classifier(good), classifier(good))).rejects.toThrow(/no column pressure for the feature/);
  });
});
