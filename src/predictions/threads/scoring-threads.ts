import { availableParallelism } from 'node:os';
import { Inject, Injectable, Logger, OnApplicationShutdown } from '@nestjs/common';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { AppError } from '../../errors/app-error.js';
import { ThreadClient } from './thread-client.js';
import type { OpenedBody, OpenOrder } from './thread-messages.js';

/** Bodies that one thread has at a time: one that it computes with, and one whose model is being found or loaded. */
const BODIES = 2;
/** Threads, on whatever machine: each has compiled code and a heap of its own. */
const MOST_BY_DEFAULT = 4;

/** A body that a thread has read, and has a place for until it is closed. */
export interface ThreadBody {
  readonly known: OpenedBody;
  /** Under which the thread knows it. */
  readonly id: number;
  readonly thread: ThreadClient;
  /** May be called more than once. */
  close(): void;
}

interface Place {
  readonly thread: ThreadClient;
  bodies: number;
}

/** The threads of this process that read and score large bodies. They begin with the first of these. */
@Injectable()
export class ScoringThreads implements OnApplicationShutdown {
  private readonly logger = new Logger('Predictions');
  private readonly places = new Set<Place>();
  private readonly waiting: ((place: Place) => void)[] = [];
  private readonly most: number;

  constructor(@Inject(CONFIG) private readonly config: Config) {
    this.most = config.PREDICTION_THREADS ?? Math.min(MOST_BY_DEFAULT, Math.max(1, availableParallelism() - 1));
  }

  /**
   * Has a thread read a body, as soon as one has room for it: first come, first served.
   * @throws AppError UNAVAILABLE if there is none within PREDICTION_TIMEOUT_SECONDS, and what {@link ThreadClient.open}
   *   throws.
   */
  async open(order: OpenOrder): Promise<ThreadBody> {
    const place = this.findPlace() ?? (await this.waitForPlace());
    const { thread } = place;
    try {
      const { id, opened: known } = await thread.open(order);
      let isOpen = true;
      const close = (): void => {
        if (!isOpen) return;
        isOpen = false;
        thread.close(id);
        this.leave(place);
      };
      return { known, id, thread, close };
    } catch (error) {
      this.leave(place);
      throw error;
    }
  }

  /** Tells all threads that a version was given up. */
  forget(versionId: string): void {
    for (const { thread } of this.places) thread.forget(versionId);
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(Array.from(this.places, ({ thread }) => thread.stop()));
  }

  private findPlace(): Place | undefined {
    const [idlest] = [...this.places].sort((a, b) => a.bodies - b.bodies);
    const isFull = this.places.size >= this.most;
    const place = idlest && (isFull || idlest.bodies === 0) ? idlest : this.startThread();
    if (place.bodies >= BODIES) return undefined;
    place.bodies++;
    return place;
  }

  private startThread(): Place {
    const thread = new ThreadClient((error) => {
      this.places.delete(place);
      this.logger.error({ err: error }, 'a thread that scores large requests has ended');
    });
    const place: Place = { thread, bodies: 0 };
    this.places.add(place);
    return place;
  }

  private waitForPlace(): Promise<Place> {
    const seconds = this.config.PREDICTION_TIMEOUT_SECONDS;
    return new Promise((resolve, reject) => {
      const take = (place: Place): void => {
        clearTimeout(late);
        resolve(place);
      };
      const late = setTimeout(() => {
        this.waiting.splice(this.waiting.indexOf(take), 1);
        reject(busy(seconds));
      }, seconds * 1_000);
      this.waiting.push(take);
    });
  }

  private leave(place: Place): void {
    place.bodies--;
    const free = this.waiting.length > 0 ? this.findPlace() : undefined;
    if (free) this.waiting.shift()!(free);
  }
}

function busy(seconds: number): AppError {
  return new AppError(
    'UNAVAILABLE',
    `The threads of this process (PREDICTION_THREADS) had no room for a request of this size within ${seconds} s. Try again in a moment, with fewer rows or requests at once.`,
    { limit: 'threads' },
  );
}
