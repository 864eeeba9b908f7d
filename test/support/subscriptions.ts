import { once } from 'node:events';
import type { Boucle } from './boucle-process.js';

export interface SubscriptionMessage {
  readonly type: string;
  readonly id?: string;
  // The shape depends on the query; tests assert on it.
  readonly payload?: any;
}

/** A client of the protocol graphql-transport-ws that keeps all it was told. */
export interface Subscriber {
  readonly received: SubscriptionMessage[];
  /** Why the server closed the connection; undefined while it is open. */
  closed(): { code: number; reason: string } | undefined;
  subscribe(query: string, variables?: object): string;
  complete(id: string): void;
  /** Data of the `next` messages of a subscription, as long as they match. */
  dataOf(id: string): any[];
  /** Waits until a condition holds; fails the test after some seconds. */
  until(condition: () => boolean, seconds?: number): Promise<void>;
  close(): void;
}

/** Opens a WebSocket that sends its credential in connection_init, as browsers have to. */
export async function openSubscriber(
  { url }: Pick<Boucle, 'url'>,
  payload: Record<string, string> | undefined,
): Promise<Subscriber> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  const received: SubscriptionMessage[] = [];
  let end: { code: number; reason: string } | undefined;
  let count = 0;
  socket.addEventListener('message', ({ data }) => received.push(JSON.parse(data as string) as SubscriptionMessage));
  socket.addEventListener('close', ({ code, reason }) => (end = { code, reason }));
  await once(socket, 'open');
  const send = (message: object): void => {
    socket.send(JSON.stringify(message));
  };
  const until: Subscriber['until'] = async (condition, seconds = 10) => {
    for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline;) {
      if (condition()) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(
      `waited for ${seconds} s in vain; received ${JSON.stringify(received)}, closed ${JSON.stringify(end)}`,
    );
  };
  send({ type: 'connection_init', payload });
  await until(() => end !== undefined || received.some(({ type }) => type === 'connection_ack'));
  return {
    received,
    closed: () => end,
    subscribe: (query, variables) => {
      const id = String(++count);
      send({ id, type: 'subscribe', payload: { query, variables } });
      return id;
    },
    complete: (id) => {
      send({ id, type: 'complete' });
    },
    dataOf: (id) =>
      received.filter((message) => message.id === id && message.type === 'next').map((m) => m.payload.data),
    until,
    close: () => {
      socket.close();
    },
  };
}
