import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SplitMethod, decideSplit, splitRows } from '../../src/ml/train/split.js';
import type { NumericColumn } from '../../src/ml/train/table.js';
import type { ModelColumns } from '../../src/models/model-columns.js';
import { readTable } from '../../src/models/evaluation/read-table.js';
import { DuckDbSession } from '../../src/platform/duckdb/duckdb-session.js';
import { layoutOf } from '../../src/training/container/layout.js';
import { runBoucle } from '../support/boucle-process.js';
import { WEATHER_FEATURES, weatherSql, writeParquet } from '../support/training-data.js';

let folder: string;
let session: DuckDbSession;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'boucle-division-'));
  await writeParquet(weatherSql(), join(folder, 'data.parquet'));
  session = await DuckDbSession.open({ folder, memoryLimit: '256MB' });
});

afterAll(async () => {
  session.close();
  await rm(folder, { recursive: true, force: true });
});

async function divided(columns: ModelColumns) {
  const layout = layoutOf(await mkdtemp(join(folder, 'layout-')));
  for (const path of [layout.training, layout.spec]) await mkdir(path, { recursive: true });
  await copyFile(join(folder, 'data.parquet'), join(layout.training, 'data.parquet'));
  const dataset = { versionId: 'v1', contentHash: 'c1' };
  await writeFile(join(layout.spec, 'training.json'), JSON.stringify({ ...columns, dataset }));
  const { code, output } = await runBoucle(['divide', '--root', layout.root], {});
  return { code, output, layout };
}

/** What each row is known by: no two have the same pressure and wind. */
function names(rows: readonly { readonly [column: string]: unknown }[]): string[] {
  return rows.map(({ pressure, wind }) => `${String(pressure)} ${String(wind)}`);
}

describe('what a training script is given', () => {
  it.each<SplitMethod>(['RANDOM', 'STRATIFIED', 'TIME'])(
    'are the rows to train and to validate on, and none that is held out: %s',
    async (method) => {
      const split = method === 'TIME' ? { method, column: 'day' } : { method };
      const columns: ModelColumns = { task: 'CLASSIFICATION', target: 'weather', features: WEATHER_FEATURES, split };
      const { code, output, layout } = await divided(columns);
      expect({ code, output }).toMatchObject({ code: 0 });
      expect((await readdir(layout.model)).sort()).toEqual(['training.json', 'training.parquet', 'validation.parquet']);

      const table = await readTable(session, join(folder, 'data.parquet'), columns);
      const parts = splitRows(table, decideSplit(table, method));
      const [pressure, wind] = ['pressure', 'wind'].map(
        (column) => (table.features.find(({ name }) => name === column) as NumericColumn).values,
      );
      const known = (rows: Int32Array): string[] =>
        names([...rows].map((row) => ({ pressure: pressure![row], wind: wind![row] })));
      const rowsOf = async (part: string) => session.rows(`SELECT * FROM '${join(layout.model, `${part}.parquet`)}'`);
      const [training, validation] = [await rowsOf('training'), await rowsOf('validation')];
      expect(names(training)).toEqual(known(parts.train));
      expect(names(validation)).toEqual(known(parts.validation));
      const heldOut = new Set(known(parts.holdout));
      expect(names([...training, ...validation]).some((name) => heldOut.has(name))).toBe(false);
      expect(Object.keys(training[0]!)).toEqual([...WEATHER_FEATURES, 'weather']);
    },
  );

  it('is described by what a graph must take and give', async () => {
    const features = ['pressure', 'coast', 'kind', 'day'];
    const weights = { column: 'wind', classes: { fog: 3 } };
    const { layout } = await divided({ task: 'CLASSIFICATION', target: 'weather', features, weights });
    expect(JSON.parse(await readFile(join(layout.model, 'training.json'), 'utf8'))).toEqual({
      task: 'CLASSIFICATION',
      target: 'weather',
      features: [
        { name: 'pressure', type: 'NUMBER' },
        { name: 'coast', type: 'BOOLEAN' },
        { name: 'kind', type: 'STRING' },
        ...['year', 'month', 'weekday'].map((part) => ({ name: expect.stringContaining(part), type: 'NUMBER' })),
      ],
      classes: ['fog', 'rain', 'sun'],
      weights,
      dataset: { versionId: 'v1', contentHash: 'c1' },
    });
    const [row] = await session.rows(`SELECT * FROM '${join(layout.model, 'validation.parquet')}' LIMIT 1`);
    expect(row).toHaveProperty('wind');
  });

  it('is refused with the reason where the data cannot be divided', async () => {
    const { code, layout } = await divided({ task: 'REGRESSION', target: 'nothing', features: ['wind'] });
    expect(code).toBe(1);
    expect(await readFile(join(layout.output, 'failure'), 'utf8')).toContain('no column nothing');
  });
});
