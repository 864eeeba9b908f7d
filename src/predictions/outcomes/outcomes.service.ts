import { setImmediate } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, EntityManager, In } from 'typeorm';
import { mayUseModel, type Principal } from '../../auth/principal.js';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { AppError } from '../../errors/app-error.js';
import { ModelRegistry } from '../../models/model-registry.js';
import { callerOf } from '../caller.js';
import { requestHash } from '../idempotency/claim.js';
import { IdempotentRequests } from '../idempotency/idempotent-requests.js';
import { lowestPredictionId, timeOfPredictionId } from '../prediction-id.js';
import { Outcome, OutcomeChange } from './outcome.entity.js';
import { expectedValue, fitValue, type OutcomeEntry, parseEntry } from './outcome-entry.js';
import type { RawOutcome } from './outcome-file.js';
import { type OutcomeReport, OutcomeTally, type Recorded } from './outcome-report.js';
import { type StatedOutcome, writeOutcomes } from './outcome-rows.js';
import { findTargets, type KnownTarget, matchTargets } from './outcome-targets.js';

const DAY_MS = 86_400_000;
/** Outcomes recorded in one transaction. */
const BATCH = 500;
/** Any fixed number: while outcomes are recorded, no prediction that they are for is erased. */
export const ERASURE_LOCK = 7_210_937;
const DELETED_ROWS = 10_000;

/** How many predictions of a window have an outcome. */
export interface Coverage {
  readonly predictions: number;
  readonly withOutcome: number;
  /** null for a window without predictions. */
  readonly ratio: number | null;
}

/** An outcome with what it replaced, oldest first. */
export interface OutcomeHistory {
  readonly outcome: Outcome;
  readonly changes: readonly OutcomeChange[];
}

/** An outcome that is to be written, for one prediction or for several that share a correlation id. */
interface Matched {
  readonly entry: OutcomeEntry;
  readonly stated: readonly StatedOutcome[];
}

/** Ground truth: takes it, keeps it with its prediction, and tells how much of it there is. */
@Injectable()
export class Outcomes {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly registry: ModelRegistry,
    private readonly idempotency: IdempotentRequests,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Records outcomes as they come, some hundred at a time; those before a failure stay, and sending them again changes
   * nothing. Within the acceptance window of its prediction, the last value of an outcome wins.
   */
  async record(
    blocks: Iterable<readonly RawOutcome[]> | AsyncIterable<readonly RawOutcome[]>,
    principal: Principal,
  ): Promise<OutcomeReport> {
    const tally = new OutcomeTally();
    let batch: OutcomeEntry[] = [];
    for await (const block of blocks) {
      for (const { position, raw, problem } of block) {
        const entry = problem ?? parseEntry(position, raw, new Date());
        if (typeof entry === 'string') tally.refuse(position, 'INVALID', entry);
        else batch.push(entry);
        if (batch.length < BATCH) continue;
        await this.recordBatch(batch, principal, tally);
        batch = [];
      }
      await setImmediate(); // However many are wrong: others get their turn.
    }
    if (batch.length > 0) await this.recordBatch(batch, principal, tally);
    return tally.report();
  }

  /** Records a list that may come twice under one key, and is then answered as the first time. */
  async recordOnce(outcomes: readonly unknown[], principal: Principal, key: string): Promise<OutcomeReport> {
    const claim = { callerId: callerOf(principal).id, key, sha256: await requestHash(['outcomes'], outcomes) };
    return this.idempotency.once(claim, async () => {
      const report = await this.record(listedOutcomes(outcomes), principal);
      await this.idempotency.keep(claim, report);
      return report;
    });
  }

  /**
   * @throws AppError NOT_FOUND for an unknown model, BAD_INPUT unless `from` lies before `to`.
   */
  async coverage(modelName: string, from: Date, to: Date): Promise<Coverage> {
    if (from >= to) throw new AppError('BAD_INPUT', 'from must lie before to.');
    const model = await this.registry.modelByName(modelName);
    const [row] = await this.dataSource.query<[{ predictions: string; with_outcome: string }]>(
      `SELECT (SELECT count(*) FROM prediction
          WHERE model_id = $1 AND id >= $2 AND id < $3 AND shadow_of IS NULL) AS predictions,
         (SELECT count(*) FROM outcome WHERE model_id = $1 AND prediction_id >= $2 AND prediction_id < $3) AS with_outcome`,
      [model.id, lowestPredictionId(from), lowestPredictionId(to)],
    );
    const predictions = Number(row.predictions);
    const withOutcome = Number(row.with_outcome);
    return { predictions, withOutcome, ratio: predictions === 0 ? null : withOutcome / predictions };
  }

  /** By prediction id; those without an outcome are absent. */
  async ofPredictions(ids: readonly string[]): Promise<ReadonlyMap<string, OutcomeHistory>> {
    const { manager } = this.dataSource;
    const outcomes = await manager.findBy(Outcome, { predictionId: In(ids) });
    const changes = await manager.find(OutcomeChange, { where: { predictionId: In(ids) }, order: { id: 'ASC' } });
    return new Map(
      outcomes.map((outcome) => {
        const { predictionId } = outcome;
        return [predictionId, { outcome, changes: changes.filter((change) => change.predictionId === predictionId) }];
      }),
    );
  }

  /** Removes the outcomes of predictions from before the day (UTC) of `cutoff`, which left the log by their age. */
  async dropBefore(cutoff: Date): Promise<void> {
    const end = lowestPredictionId(new Date(Math.floor(cutoff.getTime() / DAY_MS) * DAY_MS));
    for (const table of ['outcome_change', 'outcome']) {
      let deleted = DELETED_ROWS;
      while (deleted === DELETED_ROWS) {
        [, deleted] = await this.dataSource.query<[unknown, number]>(
          `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${table} WHERE prediction_id < $1 LIMIT $2))`,
          [end, DELETED_ROWS],
        );
      }
    }
  }

  private async recordBatch(batch: readonly OutcomeEntry[], principal: Principal, tally: OutcomeTally): Promise<void> {
    const since = new Date(Date.now() - this.config.OUTCOME_ACCEPTANCE_DAYS * DAY_MS);
    await this.dataSource.transaction(async (manager) => {
      await manager.query('SELECT pg_advisory_xact_lock_shared($1)', [ERASURE_LOCK]);
      const matched = await this.match(manager, batch, { principal, since }, tally);
      const stated = matched.flatMap((match) => match.stated);
      if (stated.length === 0) return;
      const results = await writeOutcomes(manager, stated, callerOf(principal));
      let at = 0;
      for (const match of matched) {
        tally.record(together(results.slice(at, at + match.stated.length)));
        at += match.stated.length;
      }
    });
  }

  /** Finds what the outcomes of a batch are for, and refuses those that are unknown, too late or do not fit. */
  private async match(
    manager: EntityManager,
    batch: readonly OutcomeEntry[],
    { principal, since }: { principal: Principal; since: Date },
    tally: OutcomeTally,
  ): Promise<Matched[]> {
    const targets = await findTargets(manager, batch, since);
    return batch.flatMap((entry) => {
      const match = matchTargets(entry, targets, (model) => mayUseModel(principal, model));
      if ('reason' in match) {
        tally.refuse(entry.position, match.reason, match.message);
        return [];
      }
      if (match.targets.some(({ predictionId }) => timeOfPredictionId(predictionId) < since)) {
        tally.refuse(entry.position, 'LATE', this.lateMessage());
        return [];
      }
      const wrong = match.targets.find(({ version }) => fitValue(version, entry.value) === undefined);
      if (wrong) {
        tally.refuse(entry.position, 'INVALID', expectedValue(wrong.version, entry.value));
        return [];
      }
      return [{ entry, stated: match.targets.map((target) => statedOutcome(target, entry)) }];
    });
  }

  private lateMessage(): string {
    const days = this.config.OUTCOME_ACCEPTANCE_DAYS;
    return `The prediction is older than ${days} days (OUTCOME_ACCEPTANCE_DAYS): outcomes are no longer taken`;
  }
}

function statedOutcome(target: KnownTarget, { value, occurredAt }: OutcomeEntry): StatedOutcome {
  return { target, value: fitValue(target.version, value)!, occurredAt };
}

/** Outcomes of a list that came as a whole. */
export function* listedOutcomes(outcomes: readonly unknown[]): Generator<RawOutcome[]> {
  for (let start = 0; start < outcomes.length; start += BATCH) {
    yield outcomes.slice(start, start + BATCH).map((raw, i) => ({ position: start + i, raw }));
  }
}

/** What an outcome for several predictions was: new for one of them is new, a change for one of them a change. */
function together(results: readonly Recorded[]): Recorded {
  if (results.includes('accepted')) return 'accepted';
  return results.includes('changed') ? 'changed' : 'unchanged';
}
