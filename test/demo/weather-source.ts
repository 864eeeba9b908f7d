import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Day } from './weather-days.ts';

export interface WeatherSource {
  readonly url: string;
  /** host:port, for Boucle's allow-list: it refuses addresses of the local machine otherwise. */
  readonly host: string;
  /** From now on the source has these days, too. */
  extend(days: readonly Day[]): void;
  close(): void;
}

/** The external source of the demo: daily weather as a CSV over HTTP. */
export async function startWeatherSource(header: string, days: readonly Day[]): Promise<WeatherSource> {
  const lines = [header, ...days.map(({ line }) => line)];
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'text/csv');
    response.end(`${lines.join('\n')}\n`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const host = `127.0.0.1:${port}`;
  return {
    url: `http://${host}/weather.csv`,
    host,
    extend: (more) => void lines.push(...more.map(({ line }) => line)),
    close: () => server.close(),
  };
}
