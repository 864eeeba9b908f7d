import { mkdtemp, readdir, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describeShortage } from '../../src/datasets/extraction/conversion-errors.js';
import { extract } from '../../src/datasets/extraction/extract.js';
import { DEFAULT_LIMITS } from '../../src/datasets/extraction/limits.js';
import { readOptionsSchema } from '../../src/datasets/extraction/source-spec.js';
import { DuckDbSession } from '../../src/platform/duckdb/duckdb-session.js';

const MIB = 2 ** 20;

describe('an extraction short of', () => {
  let folder: string;

  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'boucle-shortage-'))));
  afterEach(() => rm(folder, { recursive: true }));

  it('disk says so', async () => {
    // A disk that is always full.
    await symlink('/dev/full', join(folder, 'source'));
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

async function bytesIn(path: string): Promise<number> {
  const sizes = await Promise.all((await readdir(path)).map(async (name) => (await stat(join(path, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
