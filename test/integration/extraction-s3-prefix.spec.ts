import { gzipSync } from 'node:zlib';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/config.js';
import type { ExtractionContext, ExtractionProgress } from '../../src/datasets/extraction/extraction-context.js';
import { DEFAULT_LIMITS } from '../../src/datasets/extraction/limits.js';
import type { FileFormat, ReadOptionsInput } from '../../src/datasets/extraction/source-spec.js';
import { DuckDbSession } from '../../src/platform/duckdb/duckdb-session.js';
import { type S3Server, startS3Server } from '../support/s3/s3-server.js';
import { type Result, run } from './extraction-harness.js';

describe('extraction of all objects below a prefix', () => {
  let s3: S3Server;
  let bucket: string;

  beforeAll(async () => {
    s3 = await startS3Server();
    bucket = new URL(s3.env['STORAGE_URL']!).host;
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) process.env[name] = s3.env[name];
  });

  afterEach(() => {
    s3.fault = () => undefined;
    s3.bucket.objects.clear();
    s3.requests.length = 0;
  });

  afterAll(() => s3.stop());

  function put(objects: Readonly<Record<string, string | Buffer>>): void {
    for (const [key, data] of Object.entries(objects)) s3.bucket.put(key, Buffer.from(data), {}, false);
  }

  function extract(
    prefix: string,
    format: FileFormat = 'CSV',
    options: ReadOptionsInput = {},
    overrides: Partial<ExtractionContext> = {},
  ): Promise<Result> {
    const access = { settings: loadConfig(s3.env), allowList: [bucket] };
    return run({ kind: 'S3', url: `s3://${bucket}/${prefix}`, format }, options, { s3: access, ...overrides });
  }

  it('reads them in the order of their keys, without what is hidden or empty', async () => {
    put({
      'days/2026/02.csv': 'city,n\nBergen,2\n',
      'days/2026/01.csv.gz': gzipSync('city,n\nOslo,1\n'),
      'days/2026/10.csv': '\uFEFFcity,n\r\n"Stavanger, By",3\r\n',
      'days/2027/only-a-header.csv': 'city,n\n',
      'days/': '',
      'days/2026/_SUCCESS': '',
      'days/_temporary/03.csv': 'half',
      'days/.03.csv.crc': 'crc',
      'days/2026/empty.csv': '',
      'days-of-others/01.csv': 'city,n\nVoss,4\n',
    });
    const { rowsRead, notes, sourceBytes } = await extract('days/');
    expect(rowsRead).toEqual([
      { city: 'Oslo', n: 1 },
      { city: 'Bergen', n: 2 },
      { city: 'Stavanger, By', n: 3 },
    ]);
    expect(notes).toEqual(['Read from 4 objects, in the order of their keys. 5 hidden or empty ones were left out.']);
    const read = ['2026/01.csv.gz', '2026/02.csv', '2026/10.csv', '2027/only-a-header.csv'];
    const bytes = read.map((name) => s3.bucket.object(`days/${name}`).data.length);
    expect(sourceBytes).toBe(bytes.reduce((sum, length) => sum + length));
  });

  it.each([
    ['CSV', 65_000],
    ['NDJSON', 20_000],
    ['JSON', 5_000],
    ['PARQUET', 65_000],
  ] as const)('gives the same %s rows and bytes for any number of threads', async (format, count) => {
    for (const part of [0, 1]) put({ [`parts/${part}`]: await fileOf(format, part * count, count) });
    const [one, four] = [
      await extract('parts/', format, {}, { threads: 1 }),
      await extract('parts/', format, {}, { threads: 4 }),
    ];
    expect(one.rows).toBe(2 * count);
    expect(one.columns).toEqual([
      { name: 'i', type: 'INTEGER' },
      { name: 'x', type: 'NUMBER' },
      { name: 's', type: 'STRING' },
    ]);
    expect(one.rowsRead.slice(0, 2)).toEqual([
      { i: 0, x: 0, s: 'text 0' },
      { i: 1, x: 0.5, s: 'text 1' },
    ]);
    expect(four.sha256).toBe(one.sha256);
  });

  it('finds types of JSON over all objects, and keys beyond the first rows of one', async () => {
    const few = Array.from({ length: 21_000 }, () => '{"a": 1}\n').join('');
    put({ 'json/0': '{"a": 1, "b": "x"}\n', 'json/1': `${few}{"a": 2.5, "b": "y"}\n` });
    const { rows, columns } = await extract('json/', 'NDJSON');
    expect(rows).toBe(21_002);
    expect(columns).toEqual([
      { name: 'a', type: 'NUMBER' },
      { name: 'b', type: 'STRING' },
    ]);
  });

  it('lists page by page', async () => {
    const keys = Array.from({ length: 1_005 }, (_, index) => `pages/${String(index).padStart(4, '0')}`);
    put(Object.fromEntries(keys.map((key) => [key, ''])));
    for (const key of [keys[0]!, keys[500]!, keys[1_004]!]) s3.bucket.put(key, Buffer.from('n\n7\n'), {}, false);
    const progress: ExtractionProgress[] = [];
    const { rows, notes } = await extract('pages/', 'CSV', {}, { onProgress: (next) => progress.push(next) });
    expect(rows).toBe(3);
    expect(notes).toEqual([expect.stringMatching(/^Read from 3 objects.* 1002 hidden or empty ones/)]);
    expect(s3.requests.filter((request) => request.includes('list-type=2'))).toHaveLength(2);
    expect(progress[0]).toMatchObject({ phase: 'READING', totalBytes: 12, objects: { done: 0, total: 3 } });
    await expect(extract('pages/', 'CSV', {}, { limits: { ...DEFAULT_LIMITS, maxObjects: 2 } })).rejects.toThrow(
      'There are more than 2 objects',
    );
  });

  it('refuses more bytes than are allowed, listed or unpacked', async () => {
    put({ 'large/0': 'n\n1\n', 'large/1': gzipSync(`n\n${'1\n'.repeat(50_000)}`) });
    const refused = { code: 'LIMIT_EXCEEDED', message: expect.stringContaining('SOURCE_MAX_BYTES') };
    const within = (maxBytes: number) => extract('large/', 'CSV', {}, { limits: { ...DEFAULT_LIMITS, maxBytes } });
    await expect(within(10)).rejects.toMatchObject(refused);
    expect(s3.requests.filter((request) => request.startsWith('GET large'))).toEqual([]);
    await expect(within(50_000)).rejects.toMatchObject(refused);
  });

  it.each([
    ['other columns', 'CSV', 'a,c\n1,2\n', {}, /it lacks "b"/],
    ['columns in another order', 'CSV', 'b,a\n1,2\n', {}, /its column 1 is "b" instead of "a"/],
    ['another delimiter', 'CSV', 'a;b\n1;2\n', {}, /it lacks "a", "b"/],
    ['a broken line', 'CSV', 'a,b\n1,2\n3\n', {}, /Line 3 has 1 fields instead of 2/],
    ['a page in place of data', 'CSV', '<!doctype html><p>Sign in</p>', {}, /is a web page/],
    ['a damaged gzip file', 'CSV', gzipSync('a,b\n1,2\n'.repeat(99)).subarray(0, 30), {}, /truncated/],
    ['a text that is no number', 'CSV', 'a,b\n1,x\n', { casts: [{ column: 'b', type: 'NUMBER' }] }, /row 1 holds "x"/],
    ['a format of its own', 'NDJSON', '[{"a": 1, "b": 2}]', {}, /does not begin with a JSON object/],
    ['a key too many', 'NDJSON', '{"a": 1, "b": 2, "c": 3}', {}, /it also has "c"/],
  ] as const)('names the object with %s', async (_, format, data, options, message) => {
    const first = format === 'CSV' ? 'a,b\n5,6\n' : '{"a": 5, "b": 6}\n';
    put({ 'mixed/0': first, 'mixed/1': first, 'mixed/2': data });
    const attempt = extract('mixed/', format, options as ReadOptionsInput);
    await expect(attempt).rejects.toThrow(`s3://${bucket}/mixed/2`);
    await expect(attempt).rejects.toThrow(message);
  });

  it('names the Parquet object with another type', async () => {
    put({ 'typed/0': await fileOf('PARQUET', 0, 10), 'typed/1': await fileOf('PARQUET', 0, 10, 'i::VARCHAR') });
    await expect(extract('typed/', 'PARQUET')).rejects.toThrow(
      `s3://${bucket}/typed/1 does not have the columns of s3://${bucket}/typed/0: its "i" is VARCHAR instead of BIGINT`,
    );
  });

  it.each([
    ['deleted', (key: string) => s3.bucket.objects.delete(key)],
    ['replaced', (key: string) => s3.bucket.put(key, Buffer.from('n\n9\n'), {}, false)],
  ])('says that an object was %s while the others were read', async (what, change) => {
    put({ 'moving/0': 'n\n1\n', 'moving/1': 'n\n2\n' });
    s3.fault = ({ key }) => {
      if (key === 'moving/0') change('moving/1');
      return undefined;
    };
    await expect(extract('moving/')).rejects.toMatchObject({
      code: 'UPSTREAM_FAILED',
      message: `s3://${bucket}/moving/1 was ${what} while the source was read. Extract again when nobody writes there.`,
    });
  });

  it('says that there is nothing, or that it may not look', async () => {
    put({ 'hidden/_SUCCESS': '' });
    await expect(extract('none/')).rejects.toThrow(`There is no object below s3://${bucket}/none/.`);
    await expect(extract('hidden/')).rejects.toThrow('only 1 hidden or empty ones');
    s3.fault = () => ({ kind: 'ERROR', status: 403, code: 'AccessDenied' });
    await expect(extract('hidden/')).rejects.toThrow('Allow s3:GetObject and s3:ListBucket');
  });
});

/** Rows with the numbers from `first`, as a file of a format. */
async function fileOf(format: FileFormat, first: number, count: number, i = 'i'): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'boucle-parts-'));
  const session = await DuckDbSession.open({ folder, memoryLimit: '256MB' });
  const path = join(folder, 'part');
  const rows = `SELECT ${i} AS i, i / 2.0 AS x, 'text ' || i AS s FROM range(${first}, ${first + count}) AS r(i)`;
  const copy = {
    CSV: 'FORMAT csv',
    JSON: 'FORMAT json, ARRAY true',
    NDJSON: 'FORMAT json',
    PARQUET: 'FORMAT parquet',
  }[format];
  try {
    await session.execute(`COPY (${rows}) TO '${path}' (${copy})`);
    return await readFile(path);
  } finally {
    session.close();
    await rm(folder, { recursive: true });
  }
}
