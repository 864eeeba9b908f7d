import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GetObjectCommand, PutObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';

/** What the platform does between a bucket and the folders of a container. */
export class BucketFiles {
  private readonly client: S3Client;

  constructor(endpoint: string) {
    this.client = new S3Client({
      endpoint,
      region: 'eu-west-1',
      forcePathStyle: true,
      credentials: { accessKeyId: 'platform', secretAccessKey: 'platform' },
    });
  }

  /** Copies every object below a URI into a folder; an object of exactly that name gets its last part as name. */
  async download(uri: string, folder: string): Promise<number> {
    const { Bucket, prefix } = parse(uri);
    let files = 0;
    for await (const page of paginateListObjectsV2({ client: this.client }, { Bucket, Prefix: prefix })) {
      for (const { Key } of page.Contents ?? []) {
        const base = prefix.slice(0, prefix.lastIndexOf('/') + 1);
        const path = join(folder, Key === prefix ? Key.slice(base.length) : Key!.slice(prefix.length));
        await mkdir(dirname(path), { recursive: true });
        const { Body } = await this.client.send(new GetObjectCommand({ Bucket, Key }));
        await pipeline(Body as Readable, createWriteStream(path));
        files++;
      }
    }
    return files;
  }

  async upload(path: string, uri: string): Promise<void> {
    const { Bucket, prefix: Key } = parse(uri);
    await new Upload({ client: this.client, params: { Bucket, Key, Body: createReadStream(path) } }).done();
  }

  /**
   * Copies every file of a folder below a URI that is not there yet as it is.
   * @param copied times of the files that are, by path.
   */
  async uploadFolder(folder: string, uri: string, copied: Map<string, number>): Promise<void> {
    const { Bucket, prefix } = parse(uri);
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((one) => one.isFile())) {
      const path = join(entry.parentPath, entry.name);
      const Key = `${prefix}/${relative(folder, path).split(sep).join('/')}`;
      // It may have got its final name meanwhile.
      const time = (await stat(path).catch(() => undefined))?.mtimeMs;
      const Body = await readFile(path).catch(() => undefined);
      if (!Body || time === undefined || copied.get(path) === time) continue;
      await this.client.send(new PutObjectCommand({ Bucket, Key, Body }));
      copied.set(path, time);
    }
  }
}

function parse(uri: string): { readonly Bucket: string; readonly prefix: string } {
  const { host: Bucket, pathname } = new URL(uri);
  return { Bucket, prefix: decodeURIComponent(pathname).slice(1) };
}
