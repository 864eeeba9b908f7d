import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeRows } from '../../src/ml/schema/rows.js';
import { prepareFeatures, signatureOf } from '../../src/ml/train/features.js';
import { batchOf } from '../../src/ml/train/table.js';
import { readTable } from '../../src/models/evaluation/read-table.js';
import { DuckDbSession } from '../../src/platform/duckdb/duckdb-session.js';
import { writeParquet } from '../support/training-data.js';

it('a moment has the same parts in training, read by DuckDB, and when it is sent as text', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'boucle-moments-'));
  const session = await DuckDbSession.open({ folder, memoryLimit: '256MB' });
  try {
    const data = join(folder, 'data.parquet');
    // From 1900 to 2100, every tenth missing; also before 1970, at midnight and a microsecond before it.
    const moment = `TIMESTAMP '1900-01-01' + to_microseconds((uniform(i, 1) * 6311433600)::BIGINT * 1000000 - (i % 2))`;
    await writeParquet(
      `SELECT i::DOUBLE AS y, CASE WHEN i % 10 > 0 THEN seen END AS seen, seen::DATE AS day FROM (SELECT i, ${moment} AS seen FROM range(2000) t(i))`,
      data,
    );
    const columns = { task: 'REGRESSION', target: 'y', features: ['seen', 'day'] } as const;
    const table = await readTable(session, data, columns);
    const signature = signatureOf(table, prepareFeatures(table, 100, []));
    expect(signature.features.map(({ name }) => name)).toEqual([
      ...['seen.year', 'seen.month', 'seen.weekday', 'seen.hour'],
      ...['day.year', 'day.month', 'day.weekday'],
    ]);
    const rows = await session.rows(
      `SELECT strftime(seen, '%Y-%m-%dT%H:%M:%S.%f') AS seen, strftime(day, '%Y-%m-%d') AS day FROM '${data}'`,
    );
    expect(encodeRows(signature, rows).batch).toEqual(batchOf(table));
  } finally {
    session.close();
    await rm(folder, { recursive: true, force: true });
  }
});
