import { setImmediate, setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, OnApplicationShutdown } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import { Counter } from 'prom-client';
import type { ServableChallenge, ServableVersion } from '../../models/model-registry.js';
import { SHADOW_PREDICTIONS_TOTAL, type ShadowResultLabel } from '../prediction.metrics.js';
import { type LogRow, sizeOfRow } from '../prediction-rows.js';
import type { PredictionRequest } from '../prediction-request.js';
import type { ScoredRow } from '../score-rows.js';
import { Challengers } from './challengers.js';
import { ShadowLog, type ShadowRow } from './shadow-log.js';
import { rowKey, StickyShare } from './sticky-share.js';

/** Rows and characters that may wait: bounds the memory where answers come faster than their shadows. */
const WAITING_ROWS = 10_000;
const WAITING_SIZE = 16 * 2 ** 20;
/** Rows scored and logged at once. */
const BATCH_ROWS = 500;
/** Nobody waits for a shadow; but a store that hangs must not hold up the other models. */
const LIMIT_MS = 60_000;
/** What is still waiting at a shutdown has so long. */
const DRAIN_MS = 10_000;

/** A row that was answered and that a challenger is to score as well. */
interface WaitingRow {
  readonly challenger: ServableVersion;
  readonly row: unknown;
  readonly answered: LogRow;
}

/** Scores answered rows with a challenger, after their answers left: nobody waits for it, and it may fall behind. */
@Injectable()
export class ShadowQueue implements OnApplicationShutdown {
  private readonly logger = new Logger('Challengers');
  private waiting: WaitingRow[] = [];
  private waitingSize = 0;
  private work: Promise<void> | undefined;

  constructor(
    private readonly challengers: Challengers,
    private readonly log: ShadowLog,
    @InjectMetric(SHADOW_PREDICTIONS_TOTAL) private readonly total: Counter,
  ) {}

  /** Takes the challenger's share of the rows of a request, as far as there is room. @param answered all its rows. */
  offer(
    { challenger, share }: ServableChallenge,
    { rows, correlationIds }: PredictionRequest,
    answered: readonly LogRow[],
  ): void {
    const sticky = new StickyShare(challenger, share);
    let dropped = 0;
    answered.forEach((logged, row) => {
      if (!sticky.includes(rowKey(correlationIds, logged.requestId, row))) return;
      const size = sizeOfRow(logged);
      if (this.waiting.length >= WAITING_ROWS || this.waitingSize + size > WAITING_SIZE) {
        dropped++;
        return;
      }
      this.waiting.push({ challenger, row: rows[row], answered: logged });
      this.waitingSize += size;
    });
    this.count(challenger, 'dropped', dropped);
    this.work ??= this.workOff().finally(() => (this.work = undefined));
  }

  /** Evaluators and database are still there: they belong to modules that end after this one. */
  async onApplicationShutdown(): Promise<void> {
    await Promise.race([this.work, delay(DRAIN_MS, undefined, { ref: false })]);
    if (this.waiting.length === 0) return;
    this.logger.warn({ rows: this.waiting.length }, 'rows were left that challengers had not scored yet');
    this.waiting = [];
  }

  private async workOff(): Promise<void> {
    while (this.waiting.length > 0) {
      await setImmediate(); // First of all the answers leave.
      await this.shadow(this.nextBatch());
    }
  }

  /** The rows at the head of the queue that one version is to score. */
  private nextBatch(): WaitingRow[] {
    const { versionId } = this.waiting[0]!.challenger;
    const end = this.waiting.findIndex(({ challenger }) => challenger.versionId !== versionId);
    const batch = this.waiting.splice(0, Math.min(end === -1 ? BATCH_ROWS : end, BATCH_ROWS));
    for (const { answered } of batch) this.waitingSize -= sizeOfRow(answered);
    return batch;
  }

  /** Never rejects: a row that can't be scored or logged is counted, and that is all. */
  private async shadow(batch: readonly WaitingRow[]): Promise<void> {
    const { challenger } = batch[0]!;
    const began = performance.now();
    const scored = await this.challengers.score(
      challenger,
      batch.map(({ row }) => row),
      LIMIT_MS,
    );
    const latencyUs = Math.round((performance.now() - began) * 1_000);
    const rows = batch.flatMap(({ answered }, i) => {
      const row = scored?.[i];
      return row ? [shadowOf(answered, row, latencyUs)] : [];
    });
    this.count(challenger, 'failed', batch.length - rows.length);
    if (rows.length > 0) await this.append(challenger, rows);
  }

  private async append(challenger: ServableVersion, rows: readonly ShadowRow[]): Promise<void> {
    try {
      const logged = await this.log.append(rows);
      this.count(challenger, 'logged', logged);
      this.count(challenger, 'dropped', rows.length - logged);
    } catch (error) {
      this.count(challenger, 'failed', rows.length);
      this.logger.warn({ err: error, rows: rows.length }, 'shadow predictions could not be logged');
    }
  }

  private count({ modelName: model }: ServableVersion, result: ShadowResultLabel, rows: number): void {
    if (rows > 0) this.total.inc({ model, result }, rows);
  }
}

function shadowOf(answered: LogRow, row: ScoredRow, latencyUs: number): ShadowRow {
  const { modelId, versionId } = row.binned.counter;
  const { id, inputsJson: inputs, outputJson: output, binned, binnedRow } = row;
  return { ...answered, id, modelId, versionId, inputs, output, latencyUs, binned, binnedRow, shadowOf: answered.id };
}
