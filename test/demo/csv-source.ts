import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { SourceRow } from './source-rows.ts';

export interface CsvSource {
  readonly url: string;
  /** host:port, for Boucle's allow-list: it refuses addresses of the local machine otherwise. */
  readonly host: string;
  /** From now on the source has these rows, too. */
  extend(rows: readonly SourceRow[]): void;
  close(): void;
}

/** The external source of a demo: a CSV file over HTTP that grows. */
export async function startCsvSource(name: string, header: string, rows: readonly SourceRow[]): Promise<CsvSource> {
  const lines = [header, ...rows.map(({ line }) => line)];
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'text/csv');
    response.end(`${lines.join('\n')}\n`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const host = `127.0.0.1:${port}`;
  return {
    url: `http://${host}/${name}.csv`,
    host,
    extend: (more) => {
      for (const { line } of more) lines.push(line);
    },
    close: () => server.close(),
  };
}
