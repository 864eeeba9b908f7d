import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { loadConfig } from '../../src/config/config.js';
import { FileObjectStore } from '../../src/platform/storage/file-object-store.js';
import type { ObjectStore } from '../../src/platform/storage/object-store.js';
import { createS3Client } from '../../src/platform/storage/s3/s3-client.js';
import { S3ObjectStore } from '../../src/platform/storage/s3/s3-object-store.js';
import { hasMoto, startMoto } from '../support/moto.js';
import { startS3Server } from '../support/s3/s3-server.js';

interface OpenStore {
  readonly store: ObjectStore;
  close(): Promise<void>;
}

/** A file of several parts of an upload, the last one short. */
const LARGE = randomBytes(17 * 2 ** 20 + 11);

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'boucle-store-'));
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' });
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const openers: [string, boolean, () => Promise<OpenStore>][] = [
  ['in a folder', true, () => Promise.resolve(inFolder())],
  ['on S3', true, onS3],
  ['on moto', hasMoto(), onMoto],
];

for (const [place, isHere, open] of openers) {
  (isHere ? describe : describe.skip)(`the object store ${place}`, () => {
    let store: ObjectStore;
    let opened: OpenStore;

    beforeAll(async () => {
      opened = await open();
      store = opened.store;
    });

    afterAll(() => opened.close());

    it('can be used', async () => {
      await expect(store.check()).resolves.toBeUndefined();
    });

    it.each([
      ['an empty file', Buffer.alloc(0)],
      ['a small file', Buffer.from('hello')],
      ['a file of several parts', LARGE],
    ])('keeps %s as it is', async (name, content) => {
      const key = `kept/${name.replaceAll(' ', '-')}`;
      await store.putFile(key, await fileOf(content));
      expect(await store.stat(key)).toMatchObject({ key, bytes: content.length });
      expect(Date.now() - (await store.stat(key))!.modifiedAt.getTime()).toBeLessThan(60_000);
      expect((await buffer(await store.read(key))).equals(content)).toBe(true);
      const copy = join(folder, 'copy');
      await store.download(key, copy);
      expect((await readFile(copy)).equals(content)).toBe(true);
    });

    it.each([
      ['small', Buffer.from('first'), Buffer.from('second')],
      ['large', LARGE, randomBytes(LARGE.length)],
    ])(
      'leaves a %s object that is there as it is, also when many writers come at once',
      async (size, first, second) => {
        const key = `once/${size}`;
        await store.putFile(key, await fileOf(first));
        const path = await fileOf(second);
        await Promise.all(Array.from({ length: 4 }, () => store.putFile(key, path)));
        expect((await buffer(await store.read(key))).equals(first)).toBe(true);
      },
    );

    it('has one winner of writers that begin together', async () => {
      const contents = [1, 2, 3, 4].map((byte) => Buffer.alloc(6 * 2 ** 20, byte));
      await Promise.all(contents.map(async (content) => store.putFile('race', await fileOf(content))));
      const winner = await buffer(await store.read('race'));
      expect(contents.some((content) => content.equals(winner))).toBe(true);
    });

    it('tells what is missing', async () => {
      expect(await store.stat('no/such')).toBeUndefined();
      await expect(store.read('no/such')).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(store.download('no/such', join(folder, 'none'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
      expect((await readdir(folder)).filter((name) => name.startsWith('none'))).toEqual([]);
    });

    it('deletes, also what is missing', async () => {
      await store.putFile('gone', await fileOf(Buffer.from('x')));
      await store.delete('gone');
      await store.delete('gone');
      expect(await store.stat('gone')).toBeUndefined();
    });

    it('lists keys by their beginning', async () => {
      const file = await fileOf(Buffer.from('listed'));
      for (const key of ['list/a/1', 'list/a/2', 'list/b/1']) await store.putFile(key, file);
      expect((await keysOf(store, 'list/a/')).sort()).toEqual(['list/a/1', 'list/a/2']);
      expect(await keysOf(store, 'list/c')).toEqual([]);
    });

    it.each(['', '/a', 'a//b', 'a/../b', 'a b', 'ä'])('refuses %j as a key', async (key) => {
      await expect(store.putFile(key, await fileOf(Buffer.from('x')))).rejects.toMatchObject({ code: 'BAD_INPUT' });
    });

    it('ends a transfer when it is told to, and leaves nothing', async () => {
      const stopped = AbortSignal.abort(new Error('stopped'));
      await expect(store.putFile('stopped', await fileOf(LARGE), stopped)).rejects.toThrow('stopped');
      expect(await store.stat('stopped')).toBeUndefined();
    });
  });
}

describe('the object store in a folder', () => {
  it('removes what killed processes left half copied, and nothing that may still be written', async () => {
    const staging = join(folder, 'objects', '.staging');
    await mkdir(staging, { recursive: true });
    await writeFile(join(staging, 'left'), 'half');
    await writeFile(join(staging, 'underway'), 'half');
    const longAgo = new Date(Date.now() - 2 * 86_400_000);
    await utimes(join(staging, 'left'), longAgo, longAgo);
    const store = new FileObjectStore(`file://${folder}/objects`);
    await store.putFile('a/file', await fileOf(Buffer.from('whole')));
    expect(await readdir(staging)).toEqual(['underway']);
    expect(await keysOf(store, '')).toEqual(['a/file']);
  });
});

function inFolder(): OpenStore {
  return { store: new FileObjectStore(`file://${folder}/contract`), close: () => Promise.resolve() };
}

async function onS3(): Promise<OpenStore> {
  const server = await startS3Server();
  return { store: s3Store(server.env['STORAGE_URL']!, server.url), close: () => server.stop() };
}

async function onMoto(): Promise<OpenStore> {
  const moto = await startMoto();
  const settings = loadConfig({ AWS_ENDPOINT_URL_S3: moto.url });
  const Bucket = 'contract';
  const CreateBucketConfiguration = { LocationConstraint: 'eu-west-1' } as const;
  await createS3Client(settings).send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }));
  return { store: s3Store(`s3://${Bucket}/some/prefix`, moto.url), close: () => moto.stop() };
}

function s3Store(url: string, endpoint: string): S3ObjectStore {
  return new S3ObjectStore(url, loadConfig({ AWS_ENDPOINT_URL_S3: endpoint }));
}

async function fileOf(content: Buffer): Promise<string> {
  const path = join(await mkdtemp(join(folder, 'file-')), 'content');
  await writeFile(path, content);
  return path;
}

async function keysOf(store: ObjectStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}
