import type { OutboundPolicy } from '../platform/http/outbound-policy.js';
import { parseSourceUrl } from '../platform/http/outbound-request.js';
import { parseConnection } from './extraction/postgres-source.js';
import { parseS3Source } from './extraction/s3-source.js';
import type { FileFormat, S3SourceSpec, SourceSpec } from './extraction/source-spec.js';

/** A source without its secrets, as it is stored in clear and shown. */
export type SourceLocation =
  | { readonly kind: 'HTTP'; readonly url: string; readonly format: FileFormat }
  | { readonly kind: 'POSTGRES'; readonly connection: string; readonly query: string }
  | S3SourceSpec
  | { readonly kind: 'UPLOAD'; readonly format: FileFormat };

/** @throws AppError BAD_INPUT or FORBIDDEN for a source that can be known to be wrong without connecting to it. */
export function locationOf(source: SourceSpec, policy: OutboundPolicy, s3AllowList: readonly string[]): SourceLocation {
  switch (source.kind) {
    case 'HTTP':
      parseSourceUrl(source.url, policy);
      return source;
    case 'POSTGRES':
      return { ...source, connection: withoutPassword(source.connection) };
    case 'S3':
      parseS3Source(source, s3AllowList, policy);
      return source;
    case 'UPLOAD':
      return source;
  }
}

function withoutPassword(connection: string): string {
  const { protocol, username, host, pathname } = parseConnection(connection);
  return `${protocol}//${username}@${host}${pathname}`;
}
