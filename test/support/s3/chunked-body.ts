import { crc32 } from 'node:zlib';

/**
 * Takes an `aws-chunked` body apart: `size[;signature]\r\n bytes \r\n` until a size of 0, then trailers such as
 * `x-amz-checksum-crc32:…`.
 */
export function decodeChunked(body: Buffer): { readonly data: Buffer; readonly trailers: ReadonlyMap<string, string> } {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const end = body.indexOf('\r\n', at);
    const size = parseInt(body.toString('latin1', at, end).split(';')[0]!, 16);
    at = end + 2;
    if (size === 0) break;
    parts.push(body.subarray(at, at + size));
    at += size + 2;
  }
  const lines = body.toString('latin1', at).split('\r\n').filter(Boolean);
  const trailers = lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)] as const);
  return { data: Buffer.concat(parts), trailers: new Map(trailers) };
}

/** As the service sends and expects it: big-endian, in base64. */
export function crc32Of(data: Buffer): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(data));
  return bytes.toString('base64');
}
