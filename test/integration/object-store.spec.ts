import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileObjectStore } from '../../src/platform/storage/file-object-store.js';

describe('the object store in a folder', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'boucle-store-'));
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('removes what killed processes left half copied, and nothing that may still be written', async () => {
    const staging = join(folder, 'objects', '.staging');
    await mkdir(staging, { recursive: true });
    await writeFile(join(staging, 'left'), 'half');
    await writeFile(join(staging, 'underway'), 'half');
    const longAgo = new Date(Date.now() - 2 * 86_400_000);
    await utimes(join(staging, 'left'), longAgo, longAgo);
    await writeFile(join(folder, 'file'), 'whole');
    const store = new FileObjectStore(`file://${folder}/objects`);
    await store.putFile('a/file', join(folder, 'file'));
    expect(await readdir(staging)).toEqual(['underway']);
    const keys: string[] = [];
    for await (const { key } of store.list('')) keys.push(key);
    expect(keys).toEqual(['a/file']);
  });
});
