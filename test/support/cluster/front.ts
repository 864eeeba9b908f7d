import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A path of an Ingress, and the Service it leads to. */
export interface IngressPath {
  readonly path: string;
  readonly pathType: string;
  readonly backend: { readonly service: { readonly name: string } };
}

/** What stands where a cluster has its Ingress controller. */
export interface Front {
  readonly url: string;
  stop(): Promise<void>;
}

/** The Service that every controller chooses: that of the longest prefix of whole elements. */
export function serviceOf(paths: readonly IngressPath[], path: string): string | undefined {
  const matching = paths.filter((one) => one.pathType === 'Prefix' && `${path}/`.startsWith(`${one.path}/`));
  return matching.sort((a, b) => b.path.length - a.path.length)[0]?.backend.service.name;
}

/** Passes each request on to the endpoints of its Service in turn; one that got there is never sent again. */
export async function startFront(
  paths: readonly IngressPath[],
  endpointsOf: (service: string) => readonly string[],
): Promise<Front> {
  const agent = new Agent({ keepAlive: true });
  const turns = new Map<string, number>();
  const server = createServer((incoming, answer) => {
    const service = serviceOf(paths, new URL(incoming.url!, 'http://front').pathname);
    const endpoints = service === undefined ? [] : endpointsOf(service);
    if (service === undefined || endpoints.length === 0) {
      answer.writeHead(service === undefined ? 404 : 503).end();
      return;
    }
    const turn = turns.get(service) ?? 0;
    turns.set(service, turn + 1);
    pass(incoming, answer, endpoints[turn % endpoints.length]!, agent);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
      agent.destroy();
    },
  };
}

function pass(incoming: IncomingMessage, answer: ServerResponse, endpoint: string, agent: Agent): void {
  const headers = { ...incoming.headers, 'x-forwarded-for': incoming.socket.remoteAddress };
  delete headers.connection; // Each side keeps its own connections.
  const onwards = request(new URL(incoming.url!, endpoint), { method: incoming.method, headers, agent });
  onwards.on('response', (response) => {
    const { connection: _, 'keep-alive': __, ...rest } = response.headers;
    answer.writeHead(response.statusCode!, rest);
    response.pipe(answer);
    response.on('error', () => answer.destroy());
  });
  onwards.on('error', () => {
    if (answer.headersSent) answer.destroy();
    else answer.writeHead(502).end();
  });
  answer.on('close', () => onwards.destroy());
  incoming.pipe(onwards);
}
