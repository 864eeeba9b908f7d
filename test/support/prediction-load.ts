import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Boucle } from './boucle-process.js';

/** A request of the load, answered or not. */
export interface SentRequest {
  readonly status: number;
  readonly milliseconds: number;
  readonly key: string | undefined;
  /** Of the predictions that were acknowledged. */
  readonly ids: readonly string[];
}

export interface LoadOptions {
  readonly model: string;
  readonly token: string;
  readonly rows: readonly object[];
  readonly clients: number;
  /** With an idempotency key, under which a request is sent until it is answered. */
  readonly keyed: boolean;
}

/**
 * Clients that send one request after the other to whichever process serves now. A connection that breaks counts as
 * status 0.
 */
export function startLoad(serving: () => Boucle, options: LoadOptions): { stop(): Promise<SentRequest[]> } {
  const sent: SentRequest[] = [];
  let running = true;
  const client = async (): Promise<void> => {
    while (running) await untilAnswered(options.keyed ? randomUUID() : undefined);
  };
  const untilAnswered = async (key: string | undefined): Promise<void> => {
    for (;;) {
      const request = await send(serving(), options, key);
      sent.push(request);
      if (request.status !== 0 && request.status !== 503) return;
      await delay(20);
      if (key === undefined) return;
    }
  };
  const clients = Array.from({ length: options.clients }, client);
  return {
    stop: async () => {
      running = false;
      await Promise.all(clients);
      return sent;
    },
  };
}

/** Sends one request of the load. */
export async function send(boucle: Boucle, { model, rows, token }: LoadOptions, key?: string): Promise<SentRequest> {
  const began = performance.now();
  const took = () => performance.now() - began;
  try {
    const response = await boucle.fetch(`/v1/models/${model}/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(key !== undefined && { 'idempotency-key': key }) },
      body: JSON.stringify({ rows }),
      token,
    });
    const body = (await response.json()) as { predictions?: { id: string }[] };
    const ids = (body.predictions ?? []).map(({ id }) => id);
    return { status: response.status, milliseconds: took(), key, ids };
  } catch {
    return { status: 0, milliseconds: took(), key, ids: [] };
  }
}
