import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { extract, Extraction } from '../../src/datasets/extraction/extract.js';
import { ExtractionContext } from '../../src/datasets/extraction/extraction-context.js';
import { DEFAULT_LIMITS } from '../../src/datasets/extraction/limits.js';
import {
  FileFormat,
  ReadOptionsInput,
  readOptionsSchema,
  SourceSpec,
} from '../../src/datasets/extraction/source-spec.js';
import { JsonRow } from '../../src/platform/duckdb/duckdb-session.js';

export type Result = Extraction & { readonly rowsRead: readonly JsonRow[] };

/** Runs one extraction in a folder of its own and reads its first rows back. */
export async function run(
  source: SourceSpec,
  options: ReadOptionsInput = {},
  overrides: Partial<ExtractionContext> = {},
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'boucle-extraction-'));
  try {
    const extraction = await extract(source, readOptionsSchema.parse(options), {
      folder,
      limits: DEFAULT_LIMITS,
      outbound: { allowList: ['127.0.0.1'] },
      memoryLimit: '512MB',
      threads: 2,
      signal: new AbortController().signal,
      ...overrides,
    });
    return { ...extraction, rowsRead: extraction.firstRows };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Extracts a text or bytes as if they had been uploaded. */
export function runUpload(
  content: string | Buffer,
  options: ReadOptionsInput = {},
  format: FileFormat = 'CSV',
  overrides: Partial<ExtractionContext> = {},
): Promise<Result> {
  const openUpload = () => Promise.resolve(Readable.from([Buffer.from(content)]));
  return run({ kind: 'UPLOAD', format }, options, { openUpload, ...overrides });
}

export interface TestServer {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

export async function serve(routes: Readonly<Record<string, RequestListener>>): Promise<TestServer> {
  const server: Server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const route = routes[request.url ?? ''];
    if (route) route(request, response);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
}
