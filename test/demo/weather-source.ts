import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

const WEATHER = fileURLToPath(new URL('../../node_modules/vega-datasets/data/weather.csv', import.meta.url));

export interface WeatherSource {
  readonly url: string;
  /** host:port, for Boucle's allow-list: it refuses addresses of the local machine otherwise. */
  readonly host: string;
  close(): void;
}

/** The external source of the demo: daily weather of Seattle and New York, 2012–2015, as a CSV over HTTP. */
export async function startWeatherSource(): Promise<WeatherSource> {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'text/csv');
    createReadStream(WEATHER).pipe(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const host = `127.0.0.1:${port}`;
  return { url: `http://${host}/weather.csv`, host, close: () => server.close() };
}
