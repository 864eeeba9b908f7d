import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describeShortage } from '../../src/datasets/extraction/conversion-errors.js';
import { extract } from '../../src/datasets/extraction/extract.js';
import { DEFAULT_LIMITS } from '../../src/datasets/extraction/limits.js';
import { readOptionsSchema } from '../../src/datasets/extraction/source-spec.js';
import { DuckDbSession } from '../../src/platform/duckdb/duckdb-session.js';
import { runUpload } from './extraction-harness.js';

const MIB = 2 ** 20;

describe('an extraction short of', () => {
  let folder: string;

  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'boucle-shortage-'))));
  afterEach(() => rm(folder, { recursive: true }));

  it('disk says so', async () => {
    // A disk that is always full.
    await mkdir(join(folder, 'source'));
    await symlink('/dev/full', join(folder, 'source', '0'));
    const rows = Array.from({ length: 5000 }, (_, row) => `${row},${Math.sin(row)}\n`).join('');
    const extraction = extract({ kind: 'UPLOAD', format: 'CSV' }, readOptionsSchema.parse({}), {
      folder,
      limits: DEFAULT_LIMITS,
      outbound: { allowList: [] },
      memoryLimit: '256MB',
      signal: new AbortController().signal,
      openUpload: () => Promise.resolve(Readable.from([Buffer.from(`a,b\n${rows}`)])),
    });
    await expect(extraction).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringMatching(/^The disk of the worker is full/),
    });
  });

  it('room to spill says so, before the disk is full', async () => {
    const session = await DuckDbSession.open({ folder, memoryLimit: '64MB', threads: 1, spillBytes: 8 * MIB });
    try {
      const sorted = session.execute(
        'CREATE TABLE t AS SELECT hash(range) AS h, md5(range::VARCHAR) AS s FROM range(2000000) ORDER BY h',
      );
      const error: unknown = await sorted.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(describeShortage(error)).toMatchObject({
        code: 'LIMIT_EXCEEDED',
        message: expect.stringMatching(/disk space.*SOURCE_MAX_BYTES/),
      });
      expect(await bytesIn(join(folder, 'spill'))).toBeLessThanOrEqual(8 * MIB);
    } finally {
      session.close();
    }
  });
});

describe('a Parquet file whose dictionary stores long texts once', () => {
  let folder: string;

  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'boucle-parquet-'))));
  afterEach(() => rm(folder, { recursive: true }));

  async function parquet(select: string): Promise<Buffer> {
    const session = await DuckDbSession.open({ folder, memoryLimit: '512MB' });
    const path = join(folder, 'made.parquet');
    try {
      await session.execute(`COPY (${select}) TO '${path}' (FORMAT parquet)`);
    } finally {
      session.close();
    }
    return readFile(path);
  }

  const limits = { ...DEFAULT_LIMITS, maxBytes: 20_000_000, maxLineBytes: 100_000 };
  const extraction = (file: Buffer) => runUpload(file, {}, 'PARQUET', { limits });

  it('is refused for a text that is too long', async () => {
    const file = await parquet(`SELECT range AS id, repeat('x', 200000) AS t FROM range(1000)`);
    expect(file.length).toBeLessThan(100_000);
    await expect(extraction(file)).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringMatching(/200000 bytes; 100000 are the most/),
    });
  });

  it.each(['VARCHAR', 'BLOB'])('is refused if all of it would be too much (%s)', async (type) => {
    const file = await parquet(`SELECT range AS id, repeat('x', 50000)::${type} AS t FROM range(1000)`);
    expect(file.length).toBeLessThan(100_000);
    await expect(extraction(file)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });

  it('is read if it is not', async () => {
    const file = await parquet(`SELECT range AS id, repeat('x', 20000) AS t, NULL::VARCHAR AS n FROM range(900)`);
    expect(await extraction(file)).toMatchObject({ rows: 900 });
    const many = await parquet(`SELECT range AS id, 'kind ' || range % 7 AS kind FROM range(400000)`);
    expect(await extraction(many)).toMatchObject({ rows: 400_000 });
  });
});

async function bytesIn(path: string): Promise<number> {
  const sizes = await Promise.all((await readdir(path)).map(async (name) => (await stat(join(path, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
