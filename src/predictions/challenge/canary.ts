import { Injectable } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import { Counter } from 'prom-client';
import type { ServableChallenge } from '../../models/model-registry.js';
import { CANARY_FALLBACKS_TOTAL, type CanaryFallbackLabel } from '../prediction.metrics.js';
import type { PredictionRequest } from '../prediction-request.js';
import type { ScoredRow } from '../score-rows.js';
import { Challengers } from './challengers.js';
import { rowKey, StickyShare } from './sticky-share.js';

/** Callers wait for the challenger no longer than this, also for the first time, when it has to be loaded. */
const LIMIT_MS = 2_000;

/** Lets the challenger answer its share of the rows. */
@Injectable()
export class Canary {
  constructor(
    private readonly challengers: Challengers,
    @InjectMetric(CANARY_FALLBACKS_TOTAL) private readonly fallbacks: Counter,
  ) {}

  /** @returns the answers of the challenger by number of the row; all others are the champion's. */
  async answers(
    { challenger, share }: ServableChallenge,
    { rows, correlationIds }: PredictionRequest,
    requestId: string,
  ): Promise<ReadonlyMap<number, ScoredRow>> {
    const sticky = new StickyShare(challenger, share);
    const chosen = [...rows.keys()].filter((row) => sticky.includes(rowKey(correlationIds, requestId, row)));
    const answers = new Map<number, ScoredRow>();
    if (chosen.length === 0) return answers;
    const scored = await this.challengers.score(
      challenger,
      chosen.map((row) => rows[row]),
      LIMIT_MS,
    );
    scored?.forEach((row, i) => {
      if (row) answers.set(chosen[i]!, row);
    });
    const reason: CanaryFallbackLabel = scored ? 'refused' : 'failed';
    const fallbacks = chosen.length - answers.size;
    if (fallbacks > 0) this.fallbacks.inc({ model: challenger.modelName, reason }, fallbacks);
    return answers;
  }
}
