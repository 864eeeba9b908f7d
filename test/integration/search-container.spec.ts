import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Manifest } from '../../src/models/artifact/manifest.js';
import { resolveSpace } from '../../src/ml/train/search/space.js';
import { layoutOf } from '../../src/training/container/layout.js';
import { hyperparametersFile, type TrainingSpec } from '../../src/training/container/order.js';
import type { SearchSettings } from '../../src/training/container/search-order.js';
import { parseTrial, type TrialEvent, type TrialLine } from '../../src/training/container/trial-line.js';
import { runBoucle } from '../support/boucle-process.js';
import { WEATHER_FEATURES, weatherSql, writeParquet } from '../support/training-data.js';

/** Of 6,000 rows some 4,160 are trained on: two rungs, with a third of them and with all. */
const ROWS = 6000;

let folder: string;
let counter = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'boucle-search-'));
  await writeParquet(weatherSql(ROWS), join(folder, 'data.parquet'));
  await writeParquet(weatherSql(60), join(folder, 'few.parquet'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const SPACE = resolveSpace(
  ['LOGISTIC_REGRESSION', 'RANDOM_FOREST'],
  [
    { hyperparameter: 'trees', min: 2, max: 12 },
    { hyperparameter: 'C', min: 1e-4, max: 10, scale: 'LOG' },
  ],
);

const SPEC: TrainingSpec = {
  task: 'CLASSIFICATION',
  target: 'weather',
  features: WEATHER_FEATURES,
  dataset: { versionId: 'v1', contentHash: 'c1' },
};

async function search(
  settings: Partial<SearchSettings> = {},
  change: Partial<TrainingSpec> = {},
  data = 'data.parquet',
) {
  const layout = layoutOf(join(folder, String(counter++)));
  await Promise.all([layout.training, layout.spec].map((path) => mkdir(path, { recursive: true })));
  await writeFile(join(layout.training, 'data.parquet'), await readFile(join(folder, data)));
  await writeFile(join(layout.spec, 'training.json'), JSON.stringify({ ...SPEC, ...change }));
  const order = { seed: 5, metric: 'logLoss', space: SPACE, trials: 9, seconds: null, records: [], ...settings };
  await writeFile(join(layout.spec, 'search.json'), JSON.stringify(order));
  const { code, output } = await runBoucle(['search', '--root', layout.root], { TRAINING_THREADS: '1' });
  const trials = output.split('\n').flatMap((line) => parseTrial(line) ?? []);
  return { code, output, trials, layout };
}

const of = <Event extends TrialLine['event']>(lines: readonly TrialLine[], event: Event): TrialEvent<Event>[] =>
  lines.filter((line): line is TrialEvent<Event> => line.event === event);

const withoutTimes = (lines: readonly TrialLine[]): unknown[] =>
  lines.map((line) => ({ ...line, ...('seconds' in line && { seconds: 0 }) }));

describe('a search on the container layout', () => {
  it('halves the trials from a sample of the rows to all of them, and goes on after an interruption', async () => {
    const { code, trials, output, layout } = await search();
    expect({ code, output }).toMatchObject({ code: 0 });
    const scored = of(trials, 'SCORED');
    const low = scored.filter(({ rung }) => rung === 0);
    const top = scored.filter(({ rung }) => rung === 1);
    expect([low.length, top.length]).toEqual([9, 3]);
    expect(low.every(({ rows }) => rows === Math.floor(top[0]!.rows / 3))).toBe(true);
    const bestThree = [...low].sort((a, b) => a.loss - b.loss).slice(0, 3);
    expect(top.map(({ number }) => number).sort()).toEqual(bestThree.map(({ number }) => number).sort());
    for (const { loss, score, scores } of scored) expect([score, scores['logLoss']]).toEqual([loss, loss]);
    expect(output).toMatch(/progress=\d+\/1000 message="trial \d+ on 1\d{3} rows: /);
    expect(await readdir(layout.output)).toEqual([]);

    const known = of(trials, 'STARTED').filter(({ rung, number }) => rung === 0 && number <= 5);
    const records = known.map(({ number, algorithm, hyperparameters }) => ({
      number,
      algorithm,
      hyperparameters,
      failed: false,
      losses: [{ rung: 0, loss: low.find((line) => line.number === number)!.loss }],
    }));
    const rest = await search({ records });
    expect(withoutTimes(rest.trials)).toEqual(withoutTimes(trials).slice(2 * known.length));
  }, 60_000);

  it('takes the metric that is higher for better models the other way round', async () => {
    const { trials } = await search({ metric: 'accuracy', trials: 4 });
    const scored = of(trials, 'SCORED');
    expect(scored.every(({ score, loss }) => score > 0 && loss === -score)).toBe(true);
    const top = scored.find(({ rung }) => rung === 1)!;
    const low = scored.filter(({ rung }) => rung === 0);
    const best = Math.max(...low.map(({ score }) => score));
    expect(low.find(({ number }) => number === top.number)!.score).toBe(best);
  }, 30_000);

  it('scores by folds, of weighted rows: on the last rung what the cross-validation of a training says', async () => {
    const space = resolveSpace(['LOGISTIC_REGRESSION'], []);
    const change: Partial<TrainingSpec> = {
      split: { method: 'TIME', column: 'day' },
      weights: { column: 'pressure', classes: { fog: 3 } },
      features: ['month', 'wind', 'coast', 'kind'],
      folds: 3,
    };
    const { code, output, trials, layout } = await search({ space, trials: 3 }, change);
    expect({ code, output }).toMatchObject({ code: 0 });
    const scored = of(trials, 'SCORED');
    const top = scored.find(({ rung }) => rung === 2)!;
    // All rows but the latest ones, which are held out.
    expect(top.rows).toBeGreaterThan(5000);
    expect(scored.filter(({ rung }) => rung === 1).map(({ rows }) => rows)).toEqual(
      new Array(3).fill(Math.floor(top.rows / 3)),
    );
    expect(output).toMatch(/message="trial 1 on 1\d{3} rows: fold 2 of 3: /);

    const { hyperparameters } = of(trials, 'STARTED').find(({ number }) => number === top.number)!;
    const order = hyperparametersFile({ algorithm: 'LOGISTIC_REGRESSION', seed: 5, hyperparameters });
    await mkdir(layout.config);
    await rm(join(layout.spec, 'search.json'));
    await writeFile(join(layout.config, 'hyperparameters.json'), JSON.stringify(order));
    expect(await runBoucle(['train', '--root', layout.root], {})).toMatchObject({ code: 0 });
    const { crossValidation } = JSON.parse(await readFile(join(layout.model, 'manifest.json'), 'utf8')) as Manifest;
    expect(crossValidation!.metrics['logLoss']!.mean).toBe(top.score);
  }, 60_000);

  it('refuses folds that no trial could be scored by', async () => {
    const { code, trials, layout } = await search(
      {},
      { split: { method: 'TIME', column: 'day' }, folds: 20 },
      'few.parquet',
    );
    expect({ code, trials }).toEqual({ code: 1, trials: [] });
    expect(await readFile(join(layout.output, 'failure'), 'utf8')).toMatch(
      /can't be trained on: .* ask for fewer folds/,
    );
  }, 30_000);

  it('leaves a trial out that fails, and says why', async () => {
    const { code, trials } = await search({ space: { ...SPACE, LINEAR_REGRESSION: [] }, trials: 3 });
    expect(code).toBe(0);
    const [failed, ...others] = of(trials, 'FAILED');
    expect(failed).toMatchObject({ number: 3, failure: expect.stringMatching(/is for REGRESSION; "weather" is the/) });
    expect(others).toEqual([]);
    expect(of(trials, 'SCORED').filter(({ rung }) => rung === 1)).toHaveLength(1);
  }, 30_000);

  it('ends when its time is over, in the middle of a trial', async () => {
    const space = { RANDOM_FOREST: [{ hyperparameter: 'trees', values: [2000] }] };
    const { code, trials, output } = await search({ space, trials: 1, seconds: 1 });
    expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining('time of the search is over') });
    expect(trials.map(({ event }) => event)).toEqual(['STARTED']);
  }, 30_000);

  it('names what is wrong with its order', async () => {
    const { code, layout } = await search({ trials: 0 });
    expect(code).toBe(1);
    expect(await readFile(join(layout.output, 'failure'), 'utf8')).toMatch(/search\.json is wrong\. trials: /);
  }, 30_000);
});
