import { rm } from 'node:fs/promises';
import type { Reference } from '../../src/models/artifact/manifest.js';
import { signUp } from '../support/accounts.js';
import { type Boucle, startBoucle } from '../support/boucle-process.js';
import { referenceOf } from '../support/counting.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { type RegisteredVersion, registerVersion, TEMPERATURE, WEATHER } from '../support/served-model.js';

const QUALITY = `query ($model: String!, $from: DateTime!, $to: DateTime!, $version: Int) {
  quality(model: $model, from: $from, to: $to, version: $version) {
    predictions labelled rows confidence notes
    metrics { name higherIsBetter value low high holdout }
    estimate { method refused assumptions metrics { name value } }
  }
}`;
const MINUTE_MS = 60_000;
/** Within what the reference knows; its temperature is 10 + 2·5 − 10 + 4 + 1. */
const ROW = { wind: 5, precipitation: 10, holiday: true, station: 'north' };

/** A reference in which every bin has ten rows and nothing lies outside. */
function filledReference(signature: typeof WEATHER): Reference {
  const reference = referenceOf(signature);
  for (const distribution of Object.values(reference.features)) {
    const { binning } = distribution!;
    const inside = binning.type === 'NUMERIC' ? binning.upper.length : binning.categories.length;
    const counts = new Array<number>(inside).fill(10);
    distribution!.counts = binning.type === 'NUMERIC' ? [0, ...counts, 0, 0] : [...counts, 0, 0];
  }
  return reference;
}

describe('quality of predictions', () => {
  let database: TestDatabase;
  let boucle: Boucle;
  let token: string;
  let viewer: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    boucle = await startBoucle({ databaseUrl: database.url, env: { REGISTRATION: 'open' } });
    ({ token } = await signUp(boucle, database, 'PREDICTOR'));
    ({ token: viewer } = await signUp(boucle, database, 'VIEWER'));
  });

  afterAll(async () => {
    await boucle.stop();
    await rm(boucle.home, { recursive: true, force: true });
    await database.drop();
  });

  interface Registration {
    readonly scores?: Record<string, number>;
    readonly holdoutRows?: number;
    readonly errors?: { rows: number[]; absolute: number[]; squared: number[] };
  }

  /** A champion with what a training found on its holdout. */
  async function register(
    model: string,
    signature: typeof WEATHER,
    { scores = {}, holdoutRows = 300, errors }: Registration = {},
  ): Promise<RegisteredVersion> {
    const reference = filledReference(signature);
    const version = await registerVersion(database, boucle.home, { model, signature, reference });
    await database.query(
      `UPDATE model_version SET metrics = jsonb_set(metrics, '{holdout}', $2),
         manifest = manifest || jsonb_strip_nulls(jsonb_build_object('holdoutErrors', $3::jsonb)) WHERE id = $1`,
      [version.versionId, { rows: holdoutRows, scores }, errors ? JSON.stringify(errors) : null],
    );
    return version;
  }

  async function post(path: string, body: object): Promise<any> {
    const headers = { 'content-type': 'application/json' };
    const response = await boucle.fetch(path, { method: 'POST', headers, body: JSON.stringify(body), token });
    expect(response.status).toBe(200);
    return response.json();
  }

  const predict = async (model: string, rows: object[]): Promise<any[]> =>
    (await post(`/v1/models/${model}/predict`, { rows })).predictions;

  const record = (predictions: any[], values: readonly unknown[]): Promise<any> =>
    post('/v1/outcomes', {
      outcomes: values.map((value, i) => ({ predictionId: predictions[i].id, value })),
    });

  /** The last hour and the next minute, at full minutes unless told otherwise. */
  async function quality(model: string, options: { shift?: number; version?: number } = {}): Promise<any> {
    const now = Math.ceil(Date.now() / MINUTE_MS) * MINUTE_MS + (options.shift ?? 0);
    const window = { from: new Date(now - 60 * MINUTE_MS), to: new Date(now + MINUTE_MS) };
    const variables = { model, ...window, ...(options.version && { version: options.version }) };
    const { data, errors } = await boucle.graphql(QUALITY, variables, viewer);
    return errors ? { errors } : data.quality;
  }

  const valuesOf = (metrics: readonly any[]): Record<string, number | null> =>
    Object.fromEntries(metrics.map(({ name, value }) => [name, value]));

  it('of numbers is what errors of 1, −1, 3 and −3 make of it, beside the holdout', async () => {
    await register('errors', TEMPERATURE, { scores: { rmse: 2, mae: 1.5, r2: 0.9, mape: 0.1 } });
    const predictions = await predict('errors', [ROW, ROW, { ...ROW, wind: 10 }, { ...ROW, wind: 10 }, ROW]);
    expect(predictions.map(({ value }) => value)).toEqual([15, 15, 25, 25, 15]);
    await record(predictions, [16, 14, 28, 22]);
    const answer = await quality('errors');
    expect(answer).toMatchObject({ predictions: 5, labelled: 4, rows: 4, confidence: 0.95 });
    const values = valuesOf(answer.metrics);
    expect(values['mae']).toBe(2);
    expect(values['rmse']).toBeCloseTo(Math.sqrt(5), 12);
    // The outcomes have the mean 20 and the sum of squares 16 + 36 + 64 + 4 around it.
    expect(values['r2']).toBeCloseTo(1 - 20 / 120, 12);
    expect(values['mape']).toBeCloseTo((1 / 16 + 1 / 14 + 3 / 28 + 3 / 22) / 4, 12);
    expect(answer.metrics.map(({ holdout }: any) => holdout)).toEqual([2, 1.5, 0.9, 0.1]);
    expect(answer.metrics.map(({ higherIsBetter }: any) => higherIsBetter)).toEqual([false, false, true, false]);
    const [rmse] = answer.metrics;
    expect(rmse.low).toBeGreaterThanOrEqual(1);
    expect(rmse.high).toBeLessThanOrEqual(3);
    expect(rmse.low).toBeLessThan(rmse.high);
    expect(answer.notes).toEqual([expect.stringContaining('only 4 outcomes')]);
    expect(await quality('errors', { shift: 1 })).toEqual(answer);

    // One outcome is corrected, one said twice, one comes late.
    await record(predictions, [17, 14, 28, 22, 15]);
    const next = await quality('errors');
    expect(next).toMatchObject({ predictions: 5, labelled: 5 });
    expect(valuesOf(next.metrics)['mae']).toBeCloseTo((2 + 1 + 3 + 3 + 0) / 5, 12);
  });

  it('of classes equals the definitions of its metrics', async () => {
    await register('classes', WEATHER, { scores: { accuracy: 0.9 } });
    const winds = [1, 3, 6, 7, 7, 7.5, 8, 9, 10, 12];
    const truth = ['rain', 'sun', 'rain', 'rain', 'sun', 'rain', 'sun', 'sun', 'rain', 'sun'];
    const predictions = await predict(
      'classes',
      winds.map((wind) => ({ ...ROW, wind })),
    );
    await record(predictions, truth);
    const answer = await quality('classes', { shift: 7 });
    const values = valuesOf(answer.metrics);
    const sunny: number[] = predictions.map(({ probabilities }) => probabilities.sun);
    // z = 2·wind − 10 + 4 + 1 − 10.
    sunny.forEach((p, i) => {
      expect(p).toBeCloseTo(1 / (1 + Math.exp(15 - 2 * winds[i]!)), 5);
    });
    const mean = (of: (p: number, isSunny: boolean) => number): number =>
      sunny.reduce((sum, p, i) => sum + of(p, truth[i] === 'sun'), 0) / sunny.length;
    expect(values['accuracy']).toBeCloseTo(
      mean((p, isSunny) => Number(p > 0.5 === isSunny)),
      12,
    );
    expect(values['logLoss']).toBeCloseTo(
      mean((p, isSunny) => -Math.log(isSunny ? p : 1 - p)),
      5,
    );
    expect(values['brier']).toBeCloseTo(
      mean((p, isSunny) => (p - Number(isSunny)) ** 2),
      6,
    );
    let [concordant, pairs] = [0, 0];
    for (const [i, p] of sunny.entries()) {
      for (const [j, q] of sunny.entries()) {
        if (truth[i] !== 'sun' || truth[j] !== 'rain') continue;
        pairs++;
        concordant += p > q ? 1 : p === q ? 0.5 : 0;
      }
    }
    expect(values['rocAuc']).toBeCloseTo(concordant / pairs, 12);
    expect(answer.metrics.find(({ name }: any) => name === 'accuracy').holdout).toBe(0.9);
    expect(answer.metrics.find(({ name }: any) => name === 'brier').holdout).toBeNull();
  });

  it('of a single class leaves out what needs another, and says so', async () => {
    await register('one-class', WEATHER);
    const predictions = await predict('one-class', new Array(40).fill(ROW));
    await record(predictions, new Array(40).fill('rain'));
    const answer = await quality('one-class');
    const values = valuesOf(answer.metrics);
    expect(values).toMatchObject({ accuracy: 1, rocAuc: null });
    expect(answer.metrics.filter(({ value }: any) => value === null).map(({ name }: any) => name)).toEqual([
      'rocAuc',
      'prAuc',
    ]);
    expect(answer.notes).toEqual([expect.stringMatching(/^Only the class rain occurred/)]);
  });

  it('of an empty window, or one without outcomes, has no values but the holdout', async () => {
    await register('empty', WEATHER, { scores: { accuracy: 0.9 } });
    const empty = await quality('empty');
    expect(empty).toMatchObject({ predictions: 0, labelled: 0, rows: 0, estimate: null });
    expect(empty.notes).toEqual(['No predictions were made in this window.']);
    expect(empty.metrics).toHaveLength(8);
    expect(empty.metrics[1]).toEqual({
      name: 'accuracy',
      higherIsBetter: true,
      value: null,
      low: null,
      high: null,
      holdout: 0.9,
    });
    await predict('empty', [ROW]);
    const unlabelled = await quality('empty');
    expect(unlabelled).toMatchObject({ predictions: 1, labelled: 0 });
    expect(unlabelled.notes).toEqual(['No outcome of these predictions is known yet.']);
    expect(unlabelled.estimate).toMatchObject({ metrics: [], refused: expect.stringMatching(/1 predictions/) });
  });

  describe('without outcomes', () => {
    it('is estimated from calibrated probabilities', async () => {
      await register('calibrated', WEATHER, { scores: { ece: 0.02 } });
      const rows = Array.from({ length: 60 }, (_, i) => ({ ...ROW, wind: 6 + i / 20 }));
      const predictions = await predict('calibrated', rows);
      const { estimate } = await quality('calibrated');
      expect(estimate).toMatchObject({ method: 'CBPE', refused: null });
      const confidences: number[] = predictions.map(({ probabilities: { sun, rain } }) => Math.max(sun, rain));
      const expected = confidences.reduce((sum, confidence) => sum + confidence, 0) / confidences.length;
      const values = valuesOf(estimate.metrics);
      expect(Object.keys(values)).toEqual(['accuracy', 'logLoss', 'brier', 'rocAuc']);
      expect(values['accuracy']).toBeCloseTo(expected, 6);
      expect(estimate.assumptions).toHaveLength(3);
      expect(estimate.assumptions[0]).toContain('0.020');
    });

    it('is not estimated from probabilities that are off, or outside of what the training saw', async () => {
      await register('uncalibrated', WEATHER, { scores: { ece: 0.2 } });
      await predict('uncalibrated', new Array(60).fill(ROW));
      expect((await quality('uncalibrated')).estimate).toMatchObject({
        metrics: [],
        refused: expect.stringContaining('not calibrated'),
      });
      await register('outside', WEATHER, { scores: { ece: 0.01 } });
      await predict('outside', [...new Array(50).fill(ROW), ...new Array(10).fill({ ...ROW, wind: 500 })]);
      expect((await quality('outside')).estimate.refused).toMatch(/^In 16\.7 % of the predictions, wind lies outside/);
    });

    it('of numbers is estimated from the errors that predictions of their size had', async () => {
      const { output } = referenceOf(TEMPERATURE);
      const bins = (output!.binning as { upper: number[] }).upper.length + 3;
      const fill = (value: number) => new Array<number>(bins).fill(value);
      // Every prediction was off by 1.5 in two of three cases, else by 0.5.
      const errors = { rows: fill(30), absolute: fill(35), squared: fill(47.5) };
      await register('model-of-errors', TEMPERATURE, { errors });
      await predict('model-of-errors', new Array(60).fill(ROW));
      const { estimate } = await quality('model-of-errors');
      expect(estimate).toMatchObject({ method: 'ERROR_MODEL', refused: null });
      expect(valuesOf(estimate.metrics)).toEqual({
        rmse: expect.closeTo(Math.sqrt(47.5 / 30), 10),
        mae: expect.closeTo(35 / 30, 10),
      });
      await register('old-artifact', TEMPERATURE);
      await predict('old-artifact', new Array(60).fill(ROW));
      expect((await quality('old-artifact')).estimate.refused).toContain('train a version anew');
    });
  });

  it('is asked of a version, of a model that exists, and of a window that makes sense', async () => {
    await register('asked', WEATHER);
    expect(await quality('asked', { version: 1 })).toMatchObject({ predictions: 0 });
    expect((await quality('asked', { version: 2 })).errors[0].message).toContain('no version 2');
    expect((await quality('nowhere')).errors[0].extensions.code).toBe('NOT_FOUND');
    const ask = async (from: string, to: string): Promise<any> => {
      const { errors } = await boucle.graphql(QUALITY, { model: 'asked', from, to }, viewer);
      return errors?.[0];
    };
    const backwards = await ask('2026-01-02T00:00:00Z', '2026-01-01T00:00:00Z');
    expect(backwards).toMatchObject({ message: 'from must lie before to.', extensions: { code: 'BAD_INPUT' } });
    expect((await ask('2020-01-01T00:00:00Z', '2026-01-01T00:00:00Z')).message).toContain('at most 366 days');
  });
});
