import { Inject, Injectable } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import { Counter } from 'prom-client';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { AppError } from '../errors/app-error.js';
import { PREDICTIONS_LIMITED } from './prediction.metrics.js';
import { TokenBucket } from './token-bucket.js';

/** Callers remembered; one that was forgotten begins with a full bucket. */
const MAX_CALLERS = 10_000;

type LimitSettings = Pick<Config, 'PREDICTION_RATE_LIMIT' | 'PREDICTION_CONCURRENCY'>;

/** What one process takes on. Each replica counts for itself: behind a balancer, N of them let a caller have N times the rate. */
@Injectable()
export class ServingLimits {
  private readonly buckets = new Map<string, TokenBucket>();
  private running = 0;

  constructor(
    @Inject(CONFIG) private readonly config: LimitSettings,
    @InjectMetric(PREDICTIONS_LIMITED) private readonly limited: Counter,
  ) {}

  /**
   * Runs the request of a caller, if that may be.
   * @throws AppError RATE_LIMITED for a caller who comes too often, UNAVAILABLE if too many requests are under way.
   */
  admit<Result>(callerId: string, work: () => Promise<Result>): Promise<Result> {
    return this.counted(async () => {
      this.checkRate(callerId);
      this.checkConcurrency();
      this.running++;
      try {
        return await work();
      } finally {
        this.running--;
      }
    });
  }

  /** Counts the limit that a request runs into, by the `limit` that the error's details name. */
  async counted<Result>(work: () => Result | Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      const limit = error instanceof AppError ? error.details?.['limit'] : undefined;
      if (typeof limit === 'string') this.limited.inc({ limit });
      throw error;
    }
  }

  private checkConcurrency(): void {
    if (this.running < this.config.PREDICTION_CONCURRENCY) return;
    throw new AppError(
      'UNAVAILABLE',
      `This process is at work on ${this.running} requests for predictions already (PREDICTION_CONCURRENCY). Try again in a moment.`,
      { limit: 'concurrency' },
    );
  }

  private checkRate(callerId: string): void {
    const rate = this.config.PREDICTION_RATE_LIMIT;
    if (rate === undefined) return;
    const wait = this.bucketOf(callerId, rate).take(performance.now());
    if (wait === 0) return;
    const retryAfterSeconds = Math.ceil(wait / 1_000);
    throw new AppError(
      'RATE_LIMITED',
      `You may send ${rate} requests for predictions a second (PREDICTION_RATE_LIMIT). Put more rows into one request, or try again in ${retryAfterSeconds} s.`,
      { limit: 'rate', retryAfterSeconds },
    );
  }

  private bucketOf(callerId: string, rate: number): TokenBucket {
    const bucket = this.buckets.get(callerId) ?? new TokenBucket(rate, performance.now());
    this.buckets.delete(callerId);
    const [oldest] = this.buckets.keys();
    if (this.buckets.size >= MAX_CALLERS && oldest !== undefined) this.buckets.delete(oldest);
    this.buckets.set(callerId, bucket);
    return bucket;
  }
}
