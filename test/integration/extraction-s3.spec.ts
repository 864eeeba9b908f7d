import { gzipSync } from 'node:zlib';
import { loadConfig } from '../../src/config/config.js';
import { locationOf } from '../../src/datasets/source-location.js';
import { DEFAULT_LIMITS } from '../../src/datasets/extraction/limits.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { type S3Server, startS3Server } from '../support/s3/s3-server.js';
import { type Result, run } from './extraction-harness.js';

const CSV = 'city,n\nOslo,1\nBergen,2\n';

describe('extraction from a bucket', () => {
  let s3: S3Server;
  let bucket: string;

  beforeAll(async () => {
    s3 = await startS3Server();
    bucket = new URL(s3.env['STORAGE_URL']!).host;
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) process.env[name] = s3.env[name];
    s3.bucket.put('exports/cities.csv', Buffer.from(CSV), {}, false);
    s3.bucket.put('exports/cities.csv.gz', gzipSync(CSV), {}, false);
    s3.bucket.put('exports-of-others/cities.csv', Buffer.from(CSV), {}, false);
  });

  afterEach(() => {
    s3.fault = () => undefined;
  });

  afterAll(() => s3.stop());

  function extract(key: string, allowed: string, limits = DEFAULT_LIMITS, inBucket = bucket): Promise<Result> {
    const access = { settings: loadConfig(s3.env), allowList: [allowed] };
    return run({ kind: 'S3', url: `s3://${inBucket}/${key}`, format: 'CSV' }, {}, { s3: access, limits });
  }

  it.each(['cities.csv', 'cities.csv.gz'])('reads %s', async (name) => {
    const { rows, rowsRead, sourceBytes } = await extract(`exports/${name}`, `${bucket}/exports`);
    expect(rows).toBe(2);
    expect(rowsRead).toEqual([
      { city: 'Oslo', n: 1 },
      { city: 'Bergen', n: 2 },
    ]);
    expect(sourceBytes).toBe(s3.bucket.object(`exports/${name}`).data.length);
  });

  it('goes on where a download broke off', async () => {
    let isCut = false;
    s3.fault = ({ method }) => {
      if (method !== 'GET' || isCut) return undefined;
      isCut = true;
      return { kind: 'CUT', afterBytes: 10 };
    };
    expect((await extract('exports/cities.csv', bucket)).rows).toBe(2);
    expect(isCut).toBe(true);
  });

  it.each([
    ['nothing is allowed', [], 'exports/cities.csv'],
    ['another bucket is', ['elsewhere'], 'exports/cities.csv'],
    ['another folder is', ['BUCKET/reports/'], 'exports/cities.csv'],
    ['a folder with the same beginning is', ['BUCKET/exports'], 'exports-of-others/cities.csv'],
    ['a folder with the same beginning is', ['BUCKET/exports'], 'exports-of-others/'],
    ['a part of the prefix is', ['BUCKET/exports/2026'], 'exports/'],
    ['a part of the bucket is', ['BUCKET/exports'], ''],
  ])('is refused where %s, when a dataset is made and when it is extracted', async (_, allowed, key) => {
    const allowList = allowed.map((entry: string) => entry.replace('BUCKET', bucket));
    const source = { kind: 'S3', url: `s3://${bucket}/${key}`, format: 'CSV' } as const;
    const refusal = { code: 'FORBIDDEN', message: expect.stringContaining('SOURCE_S3_ALLOW_LIST') };
    expect(() => locationOf(source, { allowList: [] }, allowList)).toThrow(expect.objectContaining(refusal));
    const asked = s3.requests.length;
    await expect(run(source, {}, { s3: { settings: loadConfig(s3.env), allowList } })).rejects.toMatchObject(refusal);
    expect(s3.requests).toHaveLength(asked);
  });

  it.each([
    's3://BUCKET/exports/../exports-of-others/cities.csv',
    's3://BUCKET',
    's3://BUCKET/exports/./',
    'https://x/y',
  ])('%s names no object', (url) => {
    const source = { kind: 'S3', url: url.replace('BUCKET', bucket), format: 'CSV' } as const;
    expect(() => locationOf(source, { allowList: [] }, [`${bucket}/exports`])).toThrow('must name an object');
  });

  it('refuses more bytes than are allowed before it reads them', async () => {
    const reads = (): number => s3.requests.filter((request) => request.startsWith('GET')).length;
    const before = reads();
    await expect(extract('exports/cities.csv', bucket, { ...DEFAULT_LIMITS, maxBytes: 5 })).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    });
    expect(reads()).toBe(before);
  });

  it('does not mix an object with what replaces it', async () => {
    s3.fault = ({ method, key }) => {
      if (method === 'GET') s3.bucket.put(key, Buffer.from(`${CSV}Stavanger,3\n`), {}, false);
      return undefined;
    };
    await expect(extract('exports/cities.csv', bucket)).rejects.toMatchObject({
      code: 'UPSTREAM_FAILED',
      message: expect.stringContaining('exports/cities.csv was replaced while the source was read'),
    });
    s3.bucket.put('exports/cities.csv', Buffer.from(CSV), {}, false);
  });

  it('says what is wrong with the object', async () => {
    await expect(extract('exports/none.csv', bucket)).rejects.toThrow(
      `There is no object s3://${bucket}/exports/none.csv`,
    );
    s3.fault = () => ({ kind: 'ERROR', status: 403, code: 'AccessDenied' });
    await expect(extract('exports/cities.csv', bucket)).rejects.toThrow('Allow s3:GetObject');
  });

  it('is a kind of source that the database knows', async () => {
    const database: TestDatabase = await createTestDatabase();
    try {
      const [row] = await database.query<{ id: string }>(
        `WITH d AS (INSERT INTO dataset (id, name) VALUES (gen_random_uuid(), 's3') RETURNING id)
         INSERT INTO data_source (id, dataset_id, kind, location, options)
         SELECT gen_random_uuid(), id, 'S3', '{}', '{}' FROM d RETURNING id`,
      );
      expect(row?.id).toEqual(expect.any(String));
    } finally {
      await database.drop();
    }
  });
});
