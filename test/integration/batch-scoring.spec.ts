import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Signature } from '../../src/ml/schema/signature.js';
import { DuckDbSession } from '../../src/platform/duckdb/duckdb-session.js';
import { ROWS_FILE, SCORED_FILE, scoreFile } from '../../src/predictions/batch/score-file.js';
import { onnxOf, TEMPERATURE, WEATHER } from '../support/served-model.js';
import { writeParquet } from '../support/training-data.js';

/** Several row groups of Parquet and chunks of DuckDB. */
const ROWS = 250_000;
/** wind counts the rows; every 1000th has none, which the model needs. */
const DATA = `
  SELECT CASE WHEN i % 1000 = 7 THEN NULL ELSE i END AS wind, CASE WHEN i % 3 = 0 THEN NULL ELSE i % 5 END AS precipitation,
    i % 2 = 0 AS holiday, CASE WHEN i % 2 = 0 THEN 'north' ELSE 'south' END AS station, i AS "Predicted_Temperature"
  FROM range(${ROWS}) t(i)`;
const EXPECTED = `10 + 2 * wind - coalesce(precipitation, 0.5) + CASE WHEN holiday THEN 4 ELSE 0 END + CASE WHEN station = 'north' THEN 1 ELSE -1 END`;

describe('the scoring of a file', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'boucle-batch-'));
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  const order = (signature: Signature) => ({ folder, memoryLimit: '128MB', onnx: onnxOf(signature), signature });

  async function ask(sql: string): Promise<any> {
    const session = await DuckDbSession.open({ folder, memoryLimit: '128MB' });
    try {
      return await session.rows(sql.replace('SCORED', `'${join(folder, SCORED_FILE)}'`));
    } finally {
      session.close();
    }
  }

  it('writes each prediction beside its row, in the order of the rows', async () => {
    await writeParquet(DATA, join(folder, ROWS_FILE));
    const reports: [number, number][] = [];
    const result = await scoreFile(order(TEMPERATURE), (done, total) => reports.push([done, total]));
    expect(result).toEqual({ rows: ROWS, unscored: ROWS / 1000 });
    expect(reports.at(-1)).toEqual([ROWS, ROWS]);
    const columns = await ask(`SELECT list(column_name) AS names FROM (DESCRIBE SELECT * FROM SCORED)`);
    const names = ['wind', 'precipitation', 'holiday', 'station', 'Predicted_Temperature', 'predicted_temperature_'];
    expect(columns).toEqual([{ names }]);
    const [found] = await ask(`
      SELECT count(*) AS rows, count(predicted_temperature_) AS scored,
        count(*) FILTER (WHERE abs(predicted_temperature_ - (${EXPECTED})) > 0.05) AS wrong,
        count(*) FILTER (WHERE wind IS NULL AND predicted_temperature_ IS NOT NULL) AS guessed,
        bool_and("Predicted_Temperature" = number - 1) AS ordered
      FROM (SELECT *, row_number() OVER () AS number FROM SCORED)`);
    expect(found).toEqual({ rows: ROWS, scored: ROWS - ROWS / 1000, wrong: 0, guessed: 0, ordered: true });
  });

  it('writes the class and the probability of each', async () => {
    await writeParquet(
      `SELECT w AS wind, 0.5 AS precipitation, false AS holiday, 'south' AS station FROM (VALUES (5), (6), (7), (1e39)) t(w)`,
      join(folder, ROWS_FILE),
    );
    expect(await scoreFile(order(WEATHER), () => undefined)).toEqual({ rows: 4, unscored: 1 });
    // −10 + 2·wind − 0.5 − 1, and a number that float32 does not hold.
    const sun = [-1.5, 0.5, 2.5].map((x) => 1 / (1 + Math.exp(-x)));
    expect(
      await ask('SELECT predicted_weather AS class, probability_rain AS rain, probability_sun AS sun FROM SCORED'),
    ).toEqual([
      ...sun.map((p) => ({
        class: p > 0.5 ? 'sun' : 'rain',
        rain: expect.closeTo(1 - p, 5),
        sun: expect.closeTo(p, 5),
      })),
      { class: null, rain: null, sun: null },
    ]);
  });

  it.each([
    ['SELECT 1.5 AS wind, 1 AS precipitation, true AS holiday', 'no column station'],
    [
      `SELECT 'calm' AS wind, 1 AS precipitation, true AS holiday, 'x' AS station`,
      'wind is a STRING, but the model needs a NUMBER',
    ],
  ])('names what does not suit the model: %s', async (sql, problem) => {
    await writeParquet(sql, join(folder, ROWS_FILE));
    await expect(scoreFile(order(WEATHER), () => undefined)).rejects.toThrow(problem);
  });
});
