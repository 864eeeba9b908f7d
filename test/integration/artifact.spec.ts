import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';
import { Archive, ArchiveError, readArchive, writeArchive } from '../../src/models/artifact/archive.js';

type Entry = Partial<Header> & { readonly name: string; readonly content?: string | Buffer };

async function tar(...entries: Entry[]): Promise<Buffer> {
  const archive = pack();
  for (const { content = '', ...header } of entries) archive.entry(header, content);
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const read = (bytes: Buffer): Promise<Archive> => readArchive(Readable.from([bytes]), ['model.onnx', 'manifest.json']);

const refusal = async (...entries: Entry[]): Promise<string> =>
  read(gzipSync(await tar(...entries))).then(
    () => 'accepted',
    (error: unknown) => (error instanceof ArchiveError ? error.message : String(error)),
  );

describe('an artifact', () => {
  it('gives its files with their hashes, also below ./, and passes over what is not wanted', async () => {
    const packed = gzipSync(await tar({ name: './model.onnx', content: 'graph' }, { name: 'notes.txt', content: 'x' }));
    const { files, sha256 } = await read(packed);
    expect([...files.keys()]).toEqual(['model.onnx']);
    expect(Buffer.from(files.get('model.onnx')!.bytes).toString()).toBe('graph');
    expect(files.get('model.onnx')!.sha256).toBe(createHash('sha256').update('graph').digest('hex'));
    expect(sha256).toBe(createHash('sha256').update(packed).digest('hex'));
  });

  it.each<[string, Entry, RegExp]>([
    ['an absolute path', { name: '/etc/passwd' }, /reaches outside/],
    ['a path upwards', { name: 'a/../../model.onnx' }, /reaches outside/],
    ['a path upwards with backslashes', { name: '..\\model.onnx' }, /reaches outside/],
    ['a symbolic link', { name: 'model.onnx', type: 'symlink', linkname: '/etc/passwd' }, /is a symlink entry/],
    ['a hard link', { name: 'model.onnx', type: 'link', linkname: 'manifest.json' }, /is a link entry/],
    ['a device', { name: 'model.onnx', type: 'character-device' }, /is a character-device entry/],
    ['a pipe', { name: 'model.onnx', type: 'fifo' }, /is a fifo entry/],
    ['a folder', { name: 'model.onnx', type: 'directory' }, /is a directory entry/],
  ])('with %s is refused', async (_, entry, message) => {
    expect(await refusal({ name: 'manifest.json', content: '{}' }, entry)).toMatch(message);
  });

  it('may begin with the folder that was packed', async () => {
    const packed = await tar({ name: './', type: 'directory' }, { name: './model.onnx', content: 'graph' });
    expect([...(await read(gzipSync(packed))).files.keys()]).toEqual(['model.onnx']);
  });

  it('with the same file twice is refused', async () => {
    expect(await refusal({ name: 'model.onnx' }, { name: './model.onnx' })).toBe('model.onnx stands in it twice');
  });

  it('may hold 32 files and not one more', async () => {
    const files = (count: number): Entry[] => Array.from({ length: count }, (_, i) => ({ name: `f${i}` }));
    expect(await refusal(...files(32))).toBe('accepted');
    expect(await refusal(...files(33))).toBe('it holds more than 32 files');
  });

  it('that unpacks to more than a gibibyte is refused while it streams', async () => {
    // Half a kilobyte of header, then zeros: a few megabytes that would become more than one gibibyte.
    const header = (await tar({ name: 'bomb', size: 2 ** 31, content: undefined })).subarray(0, 512);
    const zeros = gzipSync(Buffer.alloc(1 << 26));
    const members = [gzipSync(header), ...Array.from({ length: 17 }, () => zeros)];
    const reading = readArchive(Readable.from(members), ['model.onnx']);
    await expect(reading).rejects.toThrow('it unpacks to more than 1024 MiB');
  });

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ['is cut off', (bytes) => bytes.subarray(0, bytes.length - 20)],
    ['has a flipped byte', (bytes) => Buffer.from(bytes.map((byte, i) => (i === bytes.length - 5 ? byte ^ 1 : byte)))],
    ['is no gzip', () => Buffer.from('<html>not found</html>')],
    ['is empty', () => Buffer.alloc(0)],
  ])('that %s is refused', async (_, damage) => {
    const whole = gzipSync(await tar({ name: 'model.onnx', content: 'g'.repeat(10_000) }));
    await expect(read(damage(whole))).rejects.toThrow(/damaged or cut off/);
  });

  it('passes errors of its source on', async () => {
    const broken = new Readable({
      read() {
        this.destroy(new Error('the store is away'));
      },
    });
    await expect(readArchive(broken, ['model.onnx'])).rejects.toThrow('the store is away');
  });

  it('is packed to the same bytes from the same files', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'boucle-artifact-'));
    try {
      await writeFile(join(folder, 'model.onnx'), 'graph'.repeat(100_000));
      await writeFile(join(folder, 'manifest.json'), '{}');
      const names = ['model.onnx', 'manifest.json'];
      const first = await writeArchive(folder, names, join(folder, 'a.tar.gz'));
      const second = await writeArchive(folder, names, join(folder, 'b.tar.gz'));
      expect(second).toBe(first);
      const bytes = await readFile(join(folder, 'a.tar.gz'));
      const { sha256, files } = await read(bytes);
      expect(sha256).toBe(first);
      expect(files.get('model.onnx')!.bytes.length).toBe(500_000);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('is not packed without one of its files', async () => {
    await expect(writeArchive(tmpdir(), ['no-such-file'], join(tmpdir(), 'none.tar.gz'))).rejects.toThrow(/ENOENT/);
    await rm(join(tmpdir(), 'none.tar.gz'), { force: true });
  });
});
