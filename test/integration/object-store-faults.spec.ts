import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { loadConfig } from '../../src/config/config.js';
import { createS3Client } from '../../src/platform/storage/s3/s3-client.js';
import { S3ObjectStore } from '../../src/platform/storage/s3/s3-object-store.js';
import { abortUnfinishedUploads } from '../../src/platform/storage/s3/unfinished-uploads.js';
import { type S3Fault, type S3Server, startS3Server } from '../support/s3/s3-server.js';

/** Three parts of an upload. */
const LARGE = randomBytes(17 * 2 ** 20);

describe('the object store on an S3 that fails', () => {
  let folder: string;
  let path: string;
  let s3: S3Server;
  let store: S3ObjectStore;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'boucle-faults-'));
    path = join(folder, 'large');
    await writeFile(path, LARGE);
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' });
  });

  beforeEach(async () => {
    s3 = await startS3Server();
    store = storeAt(s3);
  });

  afterEach(() => s3.stop());

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('asks again when it is told to slow down', async () => {
    failFirst(2, { kind: 'ERROR', status: 503, code: 'SlowDown' }, ({ method }) => method === 'PUT');
    await store.putFile('slow', path);
    expect((await buffer(await store.read('slow'))).equals(LARGE)).toBe(true);
  });

  it('leaves neither an object nor parts of one when an upload fails on the way', async () => {
    s3.fault = ({ query }) =>
      query.get('partNumber') === '2' ? { kind: 'ERROR', status: 403, code: 'AccessDenied' } : undefined;
    await expect(store.putFile('half', path)).rejects.toMatchObject({
      code: 'UPSTREAM_FAILED',
      message: expect.stringContaining('access is denied. Give this process a role that may'),
    });
    expect(s3.bucket.objects.size).toBe(0);
    expect(s3.bucket.uploads.size).toBe(0);
  });

  it('believes in a completion whose answer got lost', async () => {
    failFirst(1, { kind: 'LOST_ANSWER' }, ({ method, query }) => method === 'POST' && query.has('uploadId'));
    await store.putFile('lost', path);
    expect((await store.stat('lost'))?.bytes).toBe(LARGE.length);
    expect(s3.bucket.uploads.size).toBe(0);
  });

  it('goes on with a download from where it broke off', async () => {
    await store.putFile('cut', path);
    failFirst(2, { kind: 'CUT', afterBytes: 5_000_000 }, ({ method }) => method === 'GET');
    const copy = join(folder, 'copy');
    await store.download('cut', copy);
    expect((await readFile(copy)).equals(LARGE)).toBe(true);
    expect(s3.requests.filter((request) => request.startsWith('GET boucle/cut'))).toHaveLength(3);
  });

  it('does not mix two objects into one download', async () => {
    await store.putFile('changed', path);
    failFirst(1, { kind: 'CUT', afterBytes: 5_000_000 }, ({ method }) => method === 'GET');
    const reading = await store.read('changed');
    reading.once('data', () => s3.bucket.put('boucle/changed', randomBytes(LARGE.length), {}, false));
    await expect(buffer(reading)).rejects.toMatchObject({ code: 'UPSTREAM_FAILED' });
  });

  it('waits for an answer no longer than it is told to', async () => {
    s3.fault = ({ method }) => (method === 'HEAD' ? undefined : { kind: 'HANG' });
    const started = performance.now();
    await expect(store.putFile('hang', path, AbortSignal.timeout(300))).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(performance.now() - started).toBeLessThan(3_000);
  });

  it('says what to do about a bucket that does not exist', async () => {
    const elsewhere = new S3ObjectStore('s3://elsewhere', loadConfig({ AWS_ENDPOINT_URL_S3: s3.url }));
    await expect(elsewhere.putFile('key', path)).rejects.toMatchObject({
      code: 'UPSTREAM_FAILED',
      message: expect.stringContaining('bucket elsewhere'),
    });
    await expect(elsewhere.check()).rejects.toMatchObject({ code: 'UPSTREAM_FAILED' });
  });

  it('works with stores that know no conditions', async () => {
    s3.fault = ({ headers }) =>
      headers['if-none-match'] === undefined ? undefined : { kind: 'ERROR', status: 501, code: 'NotImplemented' };
    await store.putFile('plain', path);
    expect((await store.stat('plain'))?.bytes).toBe(LARGE.length);
  });

  it('asks for the encryption that is set', async () => {
    const settings = loadConfig({
      AWS_ENDPOINT_URL_S3: s3.url,
      S3_ENCRYPTION: 'aws:kms',
      S3_KMS_KEY_ID: 'alias/boucle',
    });
    await new S3ObjectStore(s3.env['STORAGE_URL']!, settings).putFile('secret', path);
    expect(s3.bucket.object('boucle/secret').headers).toMatchObject({
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-aws-kms-key-id': 'alias/boucle',
    });
  });

  it('removes what killed processes left of uploads, and nothing that may still go on', async () => {
    s3.bucket.begin('boucle/left', {});
    s3.bucket.begin('foreign/left', {});
    const location = {
      client: createS3Client(loadConfig({ AWS_ENDPOINT_URL_S3: s3.url })),
      bucket: new URL(s3.env['STORAGE_URL']!).host,
      prefix: 'boucle/',
    };
    const { signal } = new AbortController();
    expect(await abortUnfinishedUploads(location, signal)).toBe(0);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await abortUnfinishedUploads(location, signal, 10)).toBe(1);
    expect([...s3.bucket.uploads.values()].map(({ key }) => key)).toEqual(['foreign/left']);
  });

  function failFirst(times: number, fault: S3Fault, isMeant: (request: Parameters<S3Server['fault']>[0]) => boolean) {
    let left = times;
    s3.fault = (request) => (isMeant(request) && left-- > 0 ? fault : undefined);
  }
});

function storeAt({ env, url }: S3Server): S3ObjectStore {
  return new S3ObjectStore(env['STORAGE_URL']!, loadConfig({ AWS_ENDPOINT_URL_S3: url }));
}
