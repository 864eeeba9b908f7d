import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { DEFAULT_LIMITS } from '../../src/datasets/extraction/limits.js';
import { run, runUpload, serve, TestServer } from './extraction-harness.js';

describe('sources over HTTP that do not deliver', () => {
  let server: TestServer;
  const csv = 'a,b\n1,2\n3,4\n';

  beforeAll(async () => {
    server = await serve({
      '/ok.csv': (_, response) => response.end(csv),
      '/gone': (_, response) => response.writeHead(404).end('no'),
      '/private': (_, response) => response.writeHead(401).end(),
      '/broken': (_, response) => response.writeHead(503).end(),
      '/page': (_, response) =>
        response.writeHead(200, { 'content-type': 'text/html' }).end('\n<!DOCTYPE html><html></html>'),
      '/cut': (_, response) => {
        response.writeHead(200, { 'content-length': 1000 });
        response.write(csv, () => response.destroy());
      },
      '/redirect': (_, response) => response.writeHead(302, { location: '/ok.csv' }).end(),
      '/loop': (_, response) => response.writeHead(302, { location: '/loop' }).end(),
      '/inward': (_, response) =>
        response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end(),
      '/empty': (_, response) => response.end(),
      '/endless': (_, response) => {
        const chunk = Buffer.alloc(64 * 1024, 'x\n');
        const more = () => {
          while (response.write(chunk));
        };
        response.on('drain', more);
        more();
      },
      '/gzip.csv': (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(csv)),
    });
  });
  afterAll(() => server.close());

  const fetchFrom = (path: string, limits = DEFAULT_LIMITS) =>
    run({ kind: 'HTTP', url: server.url + path, format: 'CSV' }, {}, { limits });

  it('reads one that does, through a redirect and packed by the server', async () => {
    await expect(fetchFrom('/ok.csv')).resolves.toMatchObject({ rows: 2, sourceBytes: csv.length });
    await expect(fetchFrom('/redirect')).resolves.toMatchObject({ rows: 2 });
    await expect(fetchFrom('/gzip.csv')).resolves.toMatchObject({ rows: 2 });
  });

  it.each([
    ['/gone', 'UPSTREAM_FAILED', /answered 404.*check its path/],
    ['/private', 'UPSTREAM_FAILED', /answered 401.*upload it/],
    ['/broken', 'UPSTREAM_FAILED', /answered 503.*again later/],
    ['/page', 'BAD_INPUT', /web page/],
    ['/cut', 'UPSTREAM_FAILED', /broke the connection/],
    ['/loop', 'UPSTREAM_FAILED', /redirects more than 5 times/],
    ['/inward', 'BAD_INPUT', /https/],
    ['/empty', 'BAD_INPUT', /is empty/],
  ])('%s is %s', async (path, code, message) => {
    await expect(fetchFrom(path)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('stops an endless body at the byte limit and at the time limit', async () => {
    await expect(fetchFrom('/endless', { ...DEFAULT_LIMITS, maxBytes: 1_000_000 })).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringMatching(/more than 1000000 bytes/),
    });
    await expect(fetchFrom('/endless', { ...DEFAULT_LIMITS, timeoutMs: 300 })).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringMatching(/longer than/),
    });
  });

  it('names a refused connection and a name that does not exist', async () => {
    const unused = createServer();
    await new Promise<void>((resolve) => unused.listen(0, '127.0.0.1', resolve));
    const { port } = unused.address() as { port: number };
    await new Promise((resolve) => unused.close(resolve));
    await expect(run({ kind: 'HTTP', url: `http://127.0.0.1:${port}/x`, format: 'CSV' })).rejects.toMatchObject({
      code: 'UPSTREAM_FAILED',
      message: expect.stringMatching(/refused the connection/),
    });
    await expect(run({ kind: 'HTTP', url: 'https://no-such-host.invalid/x', format: 'CSV' })).rejects.toMatchObject({
      code: 'UPSTREAM_FAILED',
      message: expect.stringMatching(/cannot be resolved/),
    });
  });
});

describe('bytes that are not what they should be', () => {
  const packed = gzipSync(randomBytes(200_000).toString('hex'));

  it.each([
    ['a truncated gzip', packed.subarray(0, packed.length / 2), 'CSV', 'UPSTREAM_FAILED', /truncated/],
    [
      'a damaged gzip',
      Buffer.concat([packed.subarray(0, 5000), Buffer.alloc(5000), packed.subarray(10_000)]),
      'CSV',
      'UPSTREAM_FAILED',
      /damaged/,
    ],
    ['UTF-16', Buffer.from('\uFEFFa,b\n1,2\n', 'utf16le'), 'CSV', 'BAD_INPUT', /zero bytes, as UTF-16/],
    [
      'Latin-1 read as UTF-8',
      Buffer.from('ville,n\nOrléans,1\n', 'latin1'),
      'CSV',
      'BAD_INPUT',
      /Line 2 is not valid UTF-8.*LATIN1/,
    ],
    ['only blank lines', Buffer.from('\n\n'), 'CSV', 'BAD_INPUT', /no line of data/],
    ['a header only', Buffer.from('a,b\n'), 'CSV', 'BAD_INPUT', /no rows below its header/],
    ['no Parquet', Buffer.from('a,b\n1,2\n'), 'PARQUET', 'BAD_INPUT', /not a Parquet file/],
    ['half a Parquet', Buffer.from('PAR1 and then something else'), 'PARQUET', 'BAD_INPUT', /Parquet/],
    ['an object instead of an array', Buffer.from('{"error":"no"}'), 'JSON', 'BAD_INPUT', /not a JSON array.*NDJSON/],
    ['an array instead of lines', Buffer.from('[{"a":1}]'), 'NDJSON', 'BAD_INPUT', /Choose JSON/],
    ['broken JSON', Buffer.from('{"a":1}\n{"a":\n'), 'NDJSON', 'BAD_INPUT', /line/],
  ] as const)('%s', async (_, bytes, format, code, message) => {
    await expect(runUpload(bytes, {}, format)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('stops a gzip bomb', async () => {
    const bomb = gzipSync(Buffer.alloc(100 * 2 ** 20, 'a,b\n'));
    await expect(runUpload(bomb)).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringMatching(/300 times/),
    });
  });
});

describe('CSV that breaks its own rules', () => {
  const many = Array.from({ length: 50_000 }, (_, i) => `${i},x`).join('\n');

  it.each([
    ['too few fields', 'a,b,c\n1,2,3\n4,5\n', /Line 3 has 2 fields instead of 3: "4,5"/],
    ['too many fields', 'a,b\n1,2\n3,4,5\n', /Line 3 has 3 fields instead of 2/],
    ['a ragged row far down', `a,b\n${many}\n1,2,3\n`, /Line 50002 has 3 fields/],
    ['an open quote', 'a,b\n1,"x\n2,y\n', /Line 2 has a quote that does not close/],
    ['a doubled header', 'id,x,ID\n1,2,3\n', /"ID" twice/],
  ])('%s', async (_, csv, message) => {
    await expect(runUpload(csv)).rejects.toMatchObject({ code: 'BAD_INPUT', message: expect.stringMatching(message) });
  });

  it('names row, column and value of a cast that fails', async () => {
    const options = { casts: [{ column: 'b', type: 'INTEGER' as const }] };
    await expect(runUpload('a,b\n1,2\n2,2.5\n', options)).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringMatching(/"b" cannot be cast to INTEGER: row 2 holds "2.5"/),
      details: { column: 'b', row: 2, value: '2.5' },
    });
  });

  it('refuses casts of unknown columns, wrong numbers of names and a filter without rows', async () => {
    await expect(runUpload('a,b\n1,2\n', { casts: [{ column: 'z', type: 'NUMBER' }] })).rejects.toThrow(
      'There is no column "z". The columns are: a, b.',
    );
    await expect(runUpload('a,b\n1,2\n', { names: ['only'] })).rejects.toThrow(
      /1 names were given, but the first line has 2/,
    );
    await expect(runUpload('a,b\n1,2\n', { filter: 'a > 5' })).rejects.toThrow(/leaves no row/);
  });

  it('holds the limits on rows, columns and line length', async () => {
    const limited = (csv: string, limits: object) =>
      runUpload(csv, {}, 'CSV', { limits: { ...DEFAULT_LIMITS, ...limits } });
    await expect(limited('a\n1\n2\n3\n', { maxRows: 2 })).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    await expect(limited('a,b,c\n1,2,3\n', { maxColumns: 2 })).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    await expect(limited(`a\n1\n${'x'.repeat(20_000)}\n`, { maxLineBytes: 10_000 })).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringMatching(/Line 3 is too long/),
    });
  });

  it('asks for an upload if there is none', async () => {
    await expect(run({ kind: 'UPLOAD', format: 'CSV' })).rejects.toMatchObject({ code: 'INVALID_STATE' });
  });

  it('passes on the error of a stream that breaks', async () => {
    const broken = new Readable({
      read() {
        this.destroy(new Error('the disk of the uploader failed'));
      },
    });
    await expect(runUpload('', {}, 'CSV', { openUpload: () => Promise.resolve(broken) })).rejects.toThrow(
      'disk of the uploader',
    );
  });
});
