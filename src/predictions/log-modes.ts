import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable, Logger, OnApplicationShutdown } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import { Counter } from 'prom-client';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { type Hash, hashText } from '../ml/statistics/hash.js';
import type { LogMode } from '../models/serving-settings.js';
import { liesBelow } from './challenge/sticky-share.js';
import type { AnsweredClaim } from './idempotency/claim.js';
import { PredictionLog } from './prediction-log.js';
import { PREDICTION_LOG_DROPPED } from './prediction.metrics.js';
import type { LogRow } from './prediction-rows.js';

/** Any fixed numbers, but not those by which canaries choose: a sample must not be a canary's rows. */
const SAMPLE_SEED: Hash = { low: 0x3c6e_f372, high: 0xa54f_f53a };
/** What still waits for its commit at a shutdown has so long. */
const DRAIN_MS = 10_000;

type LogSettings = Pick<Config, 'PREDICTION_LOG_MODE' | 'PREDICTION_LOG_SHARE'>;

/** Decides by the mode of a model, or PREDICTION_LOG_MODE, which rows are logged, and whether their answer waits for it. */
@Injectable()
export class LogModes implements OnApplicationShutdown {
  private readonly logger = new Logger('Predictions');
  private readonly unfinished = new Set<Promise<void>>();

  constructor(
    private readonly log: PredictionLog,
    @Inject(CONFIG) private readonly config: LogSettings,
    @InjectMetric(PREDICTION_LOG_DROPPED) private readonly dropped: Counter,
  ) {}

  /**
   * Resolves when the answer for these rows may leave.
   * @param committed is called once what is to be logged of them is in the log.
   * @param own mode of their model; null: PREDICTION_LOG_MODE.
   * @param claim under which they were asked for. Such rows are always logged, all of them and first of all: with what
   * else should a repetition be told from a new request?
   * @throws AppError as {@link PredictionLog.append} does, unless the answer does not wait for the log.
   */
  async write(
    rows: readonly LogRow[],
    committed: () => void,
    own: LogMode | null = null,
    claim?: AnsweredClaim,
  ): Promise<void> {
    const mode = claim ? 'durable' : (own ?? this.config.PREDICTION_LOG_MODE);
    if (mode === 'async') {
      this.writeBehind(rows, committed);
      return;
    }
    const logged = mode === 'sampled' ? rows.filter((row) => this.isSampled(row)) : rows;
    if (logged.length > 0) await this.log.append(logged, claim);
    committed();
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.race([Promise.all(this.unfinished), delay(DRAIN_MS, undefined, { ref: false })]);
    if (this.unfinished.size === 0) return;
    this.logger.warn({ requests: this.unfinished.size }, 'answered predictions were not logged before the shutdown');
  }

  /** The log itself is the bounded queue: what it has no room for, or can't write in time, is dropped and counted. */
  private writeBehind(rows: readonly LogRow[], committed: () => void): void {
    const work: Promise<void> = this.log
      .append(rows)
      .then(committed, (error: unknown) => {
        this.dropped.inc(rows.length);
        this.logger.warn({ err: error, rows: rows.length }, 'answered predictions were not logged');
      })
      .finally(() => this.unfinished.delete(work));
    this.unfinished.add(work);
  }

  /** By what the caller calls the row, so that all replicas keep the same ones, and all predictions of one of them. */
  private isSampled({ correlationId, id }: LogRow): boolean {
    return liesBelow(hashText(correlationId ?? id, SAMPLE_SEED), this.config.PREDICTION_LOG_SHARE);
  }
}
