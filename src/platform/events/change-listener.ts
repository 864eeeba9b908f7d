import { setTimeout as delay } from 'node:timers/promises';
import { BeforeApplicationShutdown, Inject, Injectable, Logger, OnApplicationBootstrap } from '@nestjs/common';
import pg from 'pg';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { type Change, CHANGE_CHANNEL, changeSchema, type ChangeTopic } from './change.js';
import { ChangeSubscription } from './change-subscription.js';

const TIMEOUT_MS = 5_000;
/** How often the connection is tried out: a network that drops packets tells nobody. */
const HEARTBEAT_MS = 300;
const FIRST_RETRY_MS = 200;
const LONGEST_RETRY_MS = 10_000;

/** Is told of changes as they arrive. */
export interface ChangeReader {
  offer(change: Change): void;
  /** Any number of changes may have been missed. */
  reload(): void;
}

/**
 * Hears of changes on all replicas over one connection of its own, and passes them on to the readers in this process.
 * What was announced while the connection was away is lost, so readers are told to reload after each reconnect.
 */
@Injectable()
export class ChangeListener implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Changes');
  private readonly readers = new Map<ChangeTopic, Set<ChangeReader>>();
  private readonly stopping = new AbortController();
  private failures = 0;
  private lastHeard = -Infinity;
  private direct = false;
  private running: Promise<void> = Promise.resolve();

  constructor(@Inject(CONFIG) private readonly config: Config) {}

  onApplicationBootstrap(): void {
    this.running = this.run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /** Of all that was committed before this time, by `performance.now()`, the readers have been told. */
  get heardAt(): number {
    return this.lastHeard;
  }

  /** Whether PostgreSQL itself is at the other end: a pooler answers for it, and may swallow notices. */
  get isDirect(): boolean {
    return this.direct;
  }

  /** Tells a reader of all changes of a topic, for as long as the process runs. */
  add(topic: ChangeTopic, reader: ChangeReader): void {
    const ofTopic = this.readers.get(topic) ?? new Set();
    this.readers.set(topic, ofTopic.add(reader));
  }

  /**
   * Values for one reader, for as long as it reads.
   * @param produce makes the values; it gets the changes that are wanted, from the very beginning on, so that it may
   * first read how things stand. It ends with the reader.
   */
  follow<Value>(
    topic: ChangeTopic,
    isWanted: (change: Change) => boolean,
    produce: (signals: ChangeSubscription) => AsyncGenerator<Value, void, undefined>,
  ): AsyncIterableIterator<Value> {
    const signals = new ChangeSubscription(isWanted, (self) => this.readers.get(topic)?.delete(self));
    this.add(topic, signals);
    return endedWith(signals, produce(signals));
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        await this.listen(signal);
      } catch (error) {
        this.logger.warn({ err: error }, 'changes are not heard of until the database can be reached again');
      }
      const pause = Math.min(FIRST_RETRY_MS * 2 ** this.failures++, LONGEST_RETRY_MS);
      await passes(pause, signal);
    }
  }

  /** Listens until the connection breaks, which throws, or the process stops. */
  private async listen(stop: AbortSignal): Promise<void> {
    const client = new pg.Client({
      connectionString: this.config.DATABASE_DIRECT_URL ?? this.config.DATABASE_URL,
      application_name: 'boucle-changes',
      connectionTimeoutMillis: TIMEOUT_MS,
      query_timeout: TIMEOUT_MS,
      keepAlive: true,
    });
    const broken = new AbortController();
    client.on('error', (error) => {
      broken.abort(error);
    });
    client.on('notification', ({ payload }) => {
      this.pass(payload);
    });
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANGE_CHANNEL}`);
      this.failures = 0;
      for (const ofTopic of this.readers.values()) for (const reader of ofTopic) reader.reload();
      const end = AbortSignal.any([stop, broken.signal]);
      while (await passes(HEARTBEAT_MS, end)) {
        // PostgreSQL tells of what was committed before it answers the next statement.
        const asked = performance.now();
        this.direct = await isAnsweredByItself(client);
        this.lastHeard = asked;
      }
      broken.signal.throwIfAborted();
    } finally {
      await client.end();
    }
  }

  private pass(payload: string | undefined): void {
    const change = parse(payload);
    if (change === undefined) {
      this.logger.warn('a notice on the channel of changes was none of ours');
      return;
    }
    for (const reader of this.readers.get(change.topic) ?? []) reader.offer(change);
  }
}

/** Poolers make up the process that they name to a client when it connects, since it has none of its own, or name none. */
async function isAnsweredByItself(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return rows[0]!.pid === (client as pg.Client & { readonly processID?: number | null }).processID;
}

/** False if `end` came first. */
async function passes(milliseconds: number, end: AbortSignal): Promise<boolean> {
  await delay(milliseconds, undefined, { signal: end }).catch(() => undefined);
  return !end.aborted;
}

function parse(payload: string | undefined): Change | undefined {
  try {
    return changeSchema.parse(JSON.parse(payload ?? ''));
  } catch {
    return undefined;
  }
}

/** A generator that waits for a change can't be ended from outside; ending the changes ends it. */
function endedWith<Value>(
  signals: ChangeSubscription,
  values: AsyncGenerator<Value, void, undefined>,
): AsyncIterableIterator<Value> {
  return {
    next: async () => {
      try {
        const result = await values.next();
        if (result.done) await signals.return();
        return result;
      } catch (error) {
        await signals.return();
        throw error;
      }
    },
    return: async () => {
      await signals.return();
      return values.return();
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
