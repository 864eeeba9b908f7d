import { createHash, randomUUID } from 'node:crypto';

export interface StoredObject {
  readonly data: Buffer;
  readonly etag: string;
  readonly modifiedAt: Date;
  readonly headers: Readonly<Record<string, string>>;
}

interface UnfinishedUpload {
  readonly id: string;
  readonly key: string;
  readonly initiatedAt: Date;
  readonly headers: Readonly<Record<string, string>>;
  readonly parts: Map<number, Buffer>;
}

/** The smallest part that the service takes, except for the last one. */
const SMALLEST_PART = 5 * 2 ** 20;

/** An error as the service words it. */
export class S3Problem extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string) {
    super(code);
    this.status = status;
    this.code = code;
  }
}

/** The objects of a bucket, in memory. */
export class Bucket {
  readonly objects = new Map<string, StoredObject>();
  readonly uploads = new Map<string, UnfinishedUpload>();

  object(key: string): StoredObject {
    const object = this.objects.get(key);
    if (!object) throw new S3Problem(404, 'NoSuchKey');
    return object;
  }

  put(
    key: string,
    data: Buffer,
    headers: StoredObject['headers'],
    ifAbsent: boolean,
    etag = `"${md5(data)}"`,
  ): StoredObject {
    if (ifAbsent && this.objects.has(key)) throw new S3Problem(412, 'PreconditionFailed');
    const object = { data, etag, headers, modifiedAt: new Date() };
    this.objects.set(key, object);
    return object;
  }

  begin(key: string, headers: StoredObject['headers']): string {
    const id = randomUUID();
    this.uploads.set(id, { id, key, headers, initiatedAt: new Date(), parts: new Map() });
    return id;
  }

  upload(id: string): UnfinishedUpload {
    const upload = this.uploads.get(id);
    if (!upload) throw new S3Problem(404, 'NoSuchUpload');
    return upload;
  }

  complete(id: string, numbers: readonly number[], ifAbsent: boolean): StoredObject {
    const { key, headers, parts } = this.upload(id);
    const ordered = numbers.map((number) => parts.get(number));
    if (ordered.length === 0 || !ordered.every((part) => part !== undefined)) throw new S3Problem(400, 'InvalidPart');
    if (ordered.slice(0, -1).some(({ length }) => length < SMALLEST_PART)) throw new S3Problem(400, 'EntityTooSmall');
    const etag = `"${md5(Buffer.concat(ordered.map((part) => createHash('md5').update(part).digest())))}-${ordered.length}"`;
    const object = this.put(key, Buffer.concat(ordered), headers, ifAbsent, etag);
    this.uploads.delete(id);
    return object;
  }
}

function md5(data: Buffer): string {
  return createHash('md5').update(data).digest('hex');
}
