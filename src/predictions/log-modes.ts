import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable, Logger, OnApplicationShutdown } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import { Counter } from 'prom-client';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import type { LogMode } from '../models/serving-settings.js';
import type { AnsweredClaim, Claim } from './idempotency/claim.js';
import { PredictionLog } from './prediction-log.js';
import { sampleOf } from './log-sample.js';
import { PREDICTION_LOG_DROPPED } from './prediction.metrics.js';
import { countOf, isEncoded, type RowsToLog } from './prediction-rows.js';

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
    rows: RowsToLog,
    committed: () => void,
    own: LogMode | null = null,
    claim?: AnsweredClaim,
  ): Promise<void> {
    const mode = this.modeOf(own, claim);
    if (mode === 'async') {
      this.writeBehind(rows, committed);
      return;
    }
    const isWhole = mode !== 'sampled' || isEncoded(rows);
    const logged = isWhole ? rows : sampleOf(rows, this.config.PREDICTION_LOG_SHARE);
    if (countOf(logged) > 0) await this.log.append(logged, claim);
    committed();
  }

  /** The share of a request's rows that {@link sampleOf} is to choose, where rows are encoded before they come here. */
  shareOf(own: LogMode | null, claim?: Claim): number {
    return this.modeOf(own, claim) === 'sampled' ? this.config.PREDICTION_LOG_SHARE : 1;
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.race([Promise.all(this.unfinished), delay(DRAIN_MS, undefined, { ref: false })]);
    if (this.unfinished.size === 0) return;
    this.logger.warn({ requests: this.unfinished.size }, 'answered predictions were not logged before the shutdown');
  }

  private modeOf(own: LogMode | null, claim?: Claim): LogMode {
    return claim ? 'durable' : (own ?? this.config.PREDICTION_LOG_MODE);
  }

  /** The log itself is the bounded queue: what it has no room for, or can't write in time, is dropped and counted. */
  private writeBehind(rows: RowsToLog, committed: () => void): void {
    const work: Promise<void> = this.log
      .append(rows)
      .then(committed, (error: unknown) => {
        this.dropped.inc(countOf(rows));
        this.logger.warn({ err: error, rows: countOf(rows) }, 'answered predictions were not logged');
      })
      .finally(() => this.unfinished.delete(work));
    this.unfinished.add(work);
  }
}
