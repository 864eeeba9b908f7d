import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { v7 as uuidv7 } from 'uuid';
import { naturalType } from '../../src/datasets/extraction/column-types.js';
import type { ObjectStore } from '../../src/platform/storage/object-store.js';
import { FileObjectStore } from '../../src/platform/storage/file-object-store.js';
import type { TestDatabase } from './database.js';

/** A number in [0, 1) that depends on its arguments only, so that the data are the same in every run. */
const UNIFORM = `CREATE MACRO uniform(i, salt) AS (hash(i * 10 + salt) % 1000003) / 1000003.0`;

/**
 * Weather that can be learned: rain falls with low pressure, fog comes without wind, the temperature follows the month.
 * A share of the labels, by `noise`, is wrong.
 */
export function weatherSql(rows = 2000, noise = 2): string {
  return `
    SELECT month::BIGINT AS month, pressure, wind, coast, kind, NULL::DOUBLE AS empty, DATE '2020-01-01' + i::INT AS day,
      CASE WHEN i % 97 = 0 THEN NULL WHEN pressure + noise < 1012 THEN 'rain' WHEN wind + noise < 2 THEN 'fog' ELSE 'sun' END AS weather,
      12 - 10 * cos(month / 6.0 * pi()) + noise AS temperature
    FROM (SELECT i, i % 12 + 1 AS month, 1000 + 30 * uniform(i, 1) AS pressure, 10 * uniform(i, 2) AS wind, i % 3 = 0 AS coast,
      CASE WHEN i % 11 = 0 THEN NULL WHEN i % 2 = 0 THEN 'north' ELSE 'süd' END AS kind, ${2 * noise} * uniform(i, 3) - ${noise} AS noise
      FROM range(${rows}) t(i))`;
}

/** Columns of {@link weatherSql} that a model may predict from. */
export const WEATHER_FEATURES = ['month', 'pressure', 'wind', 'coast', 'kind'];

/** Writes the result of a query as a Parquet file. */
export async function writeParquet(sql: string, path: string): Promise<{ name: string; type: string }[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    await connection.run(UNIFORM);
    await connection.run(`COPY (${sql}) TO '${path}' (FORMAT parquet, COMPRESSION zstd)`);
    const described = await connection.runAndReadAll(`DESCRIBE SELECT * FROM '${path}'`);
    const rows = described.getRowObjectsJS() as { column_name: string; column_type: string }[];
    return rows.map((row) => ({ name: row.column_name, type: naturalType(row.column_type) }));
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

export interface RegisteredData {
  readonly datasetId: string;
  readonly versionId: string;
  readonly objectKey: string;
}

/**
 * Registers a new version of a dataset the way an extraction would, on the database and store of a running Boucle.
 * @param store where it is not the folder in `home`.
 */
export async function registerData(
  database: TestDatabase,
  home: string,
  name: string,
  sql: string,
  store: ObjectStore = new FileObjectStore(`file://${home}/objects`),
): Promise<RegisteredData> {
  const folder = await mkdtemp(join(tmpdir(), 'boucle-data-'));
  try {
    const path = join(folder, 'data.parquet');
    const schema = await writeParquet(sql, path);
    const contentHash = createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
    const objectKey = `datasets/${randomUUID()}/${contentHash}.parquet`;
    await store.putFile(objectKey, path);
    const [dataset] = await database.query<{ id: string; last_version: number }>(
      `INSERT INTO dataset (id, name, last_version) VALUES ($1, $2, 1)
       ON CONFLICT (name) DO UPDATE SET last_version = dataset.last_version + 1 RETURNING id, last_version`,
      [uuidv7(), name],
    );
    const { id: datasetId, last_version: number } = dataset!;
    const [sourceId, versionId] = [uuidv7(), uuidv7()];
    await database.query(
      `INSERT INTO data_source (id, dataset_id, kind, location, options) VALUES ($1, $2, 'UPLOAD', '{}', '{}')`,
      [sourceId, datasetId],
    );
    await database.query(
      `INSERT INTO dataset_version
         (id, dataset_id, source_id, number, state, content_hash, object_key, schema, rows, finished_at)
       VALUES ($1, $2, $3, $4, 'READY', $5, $6, $7, 2000, now())`,
      [versionId, datasetId, sourceId, number, contentHash, objectKey, JSON.stringify(schema)],
    );
    return { datasetId, versionId, objectKey };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
