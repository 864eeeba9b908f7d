import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { layoutOf } from '../../src/training/container/layout.js';
import { hyperparametersFile, type TrainingSpec } from '../../src/training/container/order.js';
import { runBoucle } from '../support/boucle-process.js';
import { WEATHER_FEATURES, weatherSql, writeParquet } from '../support/training-data.js';

const SPEC: TrainingSpec = {
  task: 'CLASSIFICATION',
  target: 'weather',
  features: WEATHER_FEATURES,
  dataset: { versionId: 'v1', contentHash: 'c1' },
};
const HYPERPARAMETERS = hyperparametersFile({ algorithm: 'RANDOM_FOREST', seed: 7, hyperparameters: { trees: 10 } });
const COLUMNS = ['month', 'pressure', 'wind', 'coast', 'kind'];
/** Rain falls with low pressure, fog comes without wind. */
const ROWS = [
  [3, 1001, 6, true, 'north'],
  [7, 1028, 0.5, false, null],
  [7, 1028, 7, false, 'süd'],
];
const ANSWER = { predictions: ['rain', 'fog', 'sun'] };
const MOST_BYTES = 6_291_456;

/** The images' contract with SageMaker: `train`, then `serve` in another container with the unpacked model. */
describe('train and serve, started as SageMaker does', () => {
  let folder: string;
  let server: ChildProcess;
  let url: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'boucle-opt-ml-'));
    const [training, serving] = [layoutOf(join(folder, 'training')), layoutOf(join(folder, 'serving'))];
    for (const path of [training.config, training.training, training.spec, serving.model])
      await mkdir(path, { recursive: true });
    await writeParquet(weatherSql(), join(training.training, 'data.parquet'));
    await writeFile(join(training.config, 'hyperparameters.json'), JSON.stringify(HYPERPARAMETERS));
    await writeFile(join(training.spec, 'training.json'), JSON.stringify(SPEC));
    const { code, output } = await runBoucle(['train', '--root', training.root], { TRAINING_JOB_NAME: 'a-job' });
    if (code !== 0) throw new Error(output);
    const archive = join(folder, 'model.tar.gz');
    execFileSync('tar', ['-czf', archive, '-C', training.model, '.']);
    execFileSync('tar', ['-xzf', archive, '-C', serving.model]);
    ({ server, url } = await serve(serving.root));
  });

  afterAll(async () => {
    server.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  async function invoke(body: string, contentType = 'application/json'): Promise<{ status: number; body: any }> {
    const response = await fetch(`${url}/invocations`, {
      method: 'POST',
      headers: { 'content-type': contentType },
      body,
    });
    return { status: response.status, body: await response.json() };
  }

  it('answers a ping in time', async () => {
    const response = await fetch(`${url}/ping`, { signal: AbortSignal.timeout(2_000) });
    expect(response.status).toBe(200);
  });

  it.each([
    ['dataframe_split', { columns: COLUMNS, data: ROWS }],
    ['dataframe_records', ROWS.map((row) => Object.fromEntries(row.map((cell, i) => [COLUMNS[i], cell])))],
    ['instances', ROWS],
    ['inputs', Object.fromEntries(COLUMNS.map((name, i) => [name, ROWS.map((row) => row[i])]))],
  ])('predicts from %s', async (form, value) => {
    expect(await invoke(JSON.stringify({ [form]: value }))).toEqual({ status: 200, body: ANSWER });
  });

  it('predicts from CSV in UTF-8, and from no other', async () => {
    const csv = [COLUMNS, ...ROWS].map((row) => row.map((cell) => String(cell ?? '')).join(',')).join('\n');
    expect(await invoke(csv, 'text/csv')).toEqual({ status: 200, body: ANSWER });
    expect((await invoke(csv, 'text/csv; charset=latin1')).status).toBe(415);
    expect((await invoke(csv, 'text/plain')).status).toBe(415);
    expect((await invoke(csv, 'application/octet-stream')).status).toBe(415);
  });

  it('takes bodies up to the limit of SageMaker', async () => {
    const body = JSON.stringify({ instances: ROWS.slice(0, 2) }); // A byte for every character.
    expect(await invoke(body.padEnd(MOST_BYTES))).toEqual({ status: 200, body: { predictions: ['rain', 'fog'] } });
    expect((await invoke(body.padEnd(MOST_BYTES + 1))).status).toBe(413);
  });

  it('says what is wrong', async () => {
    const { status, body } = await invoke(JSON.stringify({ instances: [['March', 1001, 6, true, 'north']] }));
    expect(status).toBe(400);
    expect(body.error.message).toContain('Row 0: column "month" must be a number');
    expect((await fetch(`${url}/elsewhere`)).status).toBe(404);
  });

  it('ends by SIGTERM with the answer in flight, and leaves the model alone', async () => {
    const rows = JSON.stringify({ instances: Array.from({ length: 50_000 }, () => ROWS[0]) });
    const underway = invoke(rows);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const ended = once(server, 'close');
    server.kill('SIGTERM');
    const { status, body } = await underway;
    expect(status).toBe(200);
    expect(body.predictions).toHaveLength(50_000);
    expect(await ended).toEqual([0, null]);
    expect((await readdir(join(folder, 'serving', 'model'))).sort()).toEqual([
      'manifest.json',
      'model.onnx',
      'reference.parquet',
    ]);
  });

  it('does not start with a model that is not whole', async () => {
    const model = join(folder, 'serving', 'model', 'model.onnx');
    await writeFile(model, (await readFile(model)).subarray(1));
    const { code, output } = await runBoucle(['serve', '--root', join(folder, 'serving'), '--port', '0'], {});
    expect(code).toBe(1);
    expect(output).toContain('model.onnx does not match the hash in the manifest');
  });
});

/** As in the container: `serve` is the first argument. Only root and port are the test's own. */
async function serve(root: string): Promise<{ server: ChildProcess; url: string }> {
  const server = spawn(process.execPath, ['dist/main.js', 'serve', '--root', root, '--port', '0'], {
    env: { PATH: process.env['PATH'], HOST: '127.0.0.1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const chunk of server.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    const url = /listens on (http:\S+)/.exec(chunk as string)?.[1];
    if (url !== undefined) return { server, url };
  }
  throw new Error('the server did not start');
}
