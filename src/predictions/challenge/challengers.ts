import { Injectable, Logger } from '@nestjs/common';
import type { ServableVersion } from '../../models/model-registry.js';
import { EvaluatorCache } from '../evaluator-cache.js';
import type { ScoredRow } from '../score-rows.js';
import { within } from '../../platform/within.js';
import { scoreTaken } from './score-taken.js';

/** A challenger that failed is left alone for so long: to load a broken model again for every request helps nobody. */
const REST_MS = 10_000;
const MAX_RESTING = 1_000;

/** Asks challengers. They are on trial: whatever is wrong with one is logged here and is no error for anybody. */
@Injectable()
export class Challengers {
  private readonly logger = new Logger('Challengers');
  /** Until when versions that failed are left alone, by id. */
  private readonly resting = new Map<string, number>();

  constructor(private readonly evaluators: EvaluatorCache) {}

  /**
   * @param limitMs after which a version that did not answer, or is still being loaded, has failed.
   * @returns for each row its score, undefined where it is refused; undefined as a whole if the version failed.
   */
  async score(
    version: ServableVersion,
    rows: readonly unknown[],
    limitMs: number,
  ): Promise<(ScoredRow | undefined)[] | undefined> {
    const { versionId, modelName: model } = version;
    if ((this.resting.get(versionId) ?? 0) > performance.now()) return undefined;
    try {
      const work = this.evaluators.use(version, (loaded) => scoreTaken(version.signature, loaded, rows));
      return await within(work, limitMs, 'no answer of the challenger');
    } catch (error) {
      if (this.resting.size >= MAX_RESTING) this.resting.clear();
      this.resting.set(versionId, performance.now() + REST_MS);
      this.logger.warn({ err: error, model, version: version.version }, 'a challenger failed; the champion goes on');
      return undefined;
    }
  }
}
