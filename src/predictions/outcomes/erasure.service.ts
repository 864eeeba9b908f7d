import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, EntityManager } from 'typeorm';
import { AuditService } from '../../auth/audit/audit.service.js';
import type { Principal } from '../../auth/principal.js';
import { AppError } from '../../errors/app-error.js';
import { ModelRegistry } from '../../models/model-registry.js';
import { toWindowCountRow, WindowSums } from '../counts/batch-counts.js';
import { Binnings } from '../counts/binnings.js';
import type { LoggedRow } from '../counts/row-binner.js';
import { insertCounts } from '../counts/window-count-rows.js';
import { ERASURE_LOCK } from './outcomes.service.js';

/** Predictions erased in one statement. */
const ERASED_ROWS = 1_000;

export interface ErasureRequest {
  readonly correlationId: string;
  /** Name of the only model meant; null stands for all. */
  readonly model: string | null;
}

export interface Erased {
  readonly predictions: number;
  readonly outcomes: number;
}

type ErasedRow = LoggedRow & { readonly id: string; readonly version_id: string };

/** Takes a person's predictions out of the log, with everything that was derived from them here. */
@Injectable()
export class Erasure {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly registry: ModelRegistry,
    private readonly binnings: Binnings,
    private readonly audit: AuditService,
  ) {}

  /**
   * Erases predictions, their outcomes and their share of the counts in one transaction. Predictions that are being
   * made meanwhile stay.
   * @throws AppError NOT_FOUND for an unknown model, BAD_INPUT without a correlation id.
   */
  async erase({ correlationId, model: modelName }: ErasureRequest, principal: Principal): Promise<Erased> {
    if (correlationId === '') throw new AppError('BAD_INPUT', 'correlationId is empty. Name what is to be erased.');
    const model = modelName === null ? null : await this.registry.modelByName(modelName);
    return this.dataSource.transaction(async (manager) => {
      await manager.query('SELECT pg_advisory_xact_lock($1)', [ERASURE_LOCK]);
      const erased = { predictions: 0, outcomes: 0 };
      let rows: ErasedRow[];
      do {
        rows = await deletePredictions(manager, correlationId, model?.id ?? null);
        const shadows = await deleteShadows(manager, rows);
        erased.predictions += rows.length + shadows.length;
        erased.outcomes += await deleteOutcomes(manager, rows);
        await this.takeOutOfCounts(manager, [...rows, ...shadows]);
      } while (rows.length === ERASED_ROWS);
      // Not what was erased: the correlation id may name the person, and this log keeps it for good.
      await this.audit.record(manager, {
        actor: principal,
        action: 'predictions.erased',
        ...(model && { subject: { kind: 'model', id: model.id } }),
        details: erased,
      });
      return erased;
    });
  }

  /** Counts add up, so what is gone is one more row of counts, with negative ones. */
  private async takeOutOfCounts(manager: EntityManager, rows: readonly ErasedRow[]): Promise<void> {
    for (const versionId of new Set(rows.map((row) => row.version_id))) {
      const ofVersion = rows.filter((row) => row.version_id === versionId);
      const counter = await this.binnings.counterOf(versionId, manager);
      // The counts of a deleted model can't be asked for any more.
      if (!counter) continue;
      const sums = new WindowSums();
      const binned = { counter, positions: counter.binner.binLogged(ofVersion) };
      ofVersion.forEach(({ id }, binnedRow) => {
        sums.add({ id, binned, binnedRow });
      });
      const negative = sums.values().map((sum) => ({ ...sum, rows: -sum.rows, counts: sum.counts.map((n) => -n) }));
      await insertCounts(
        manager,
        negative.map((sum) => toWindowCountRow(sum, 'BATCH')),
      );
    }
  }
}

async function deletePredictions(
  manager: EntityManager,
  correlationId: string,
  modelId: string | null,
): Promise<ErasedRow[]> {
  const [rows] = await manager.query<[ErasedRow[], number]>(
    `DELETE FROM prediction WHERE id = ANY (ARRAY(
       SELECT id FROM prediction WHERE correlation_id = $1 AND ($2::uuid IS NULL OR model_id = $2) ORDER BY id LIMIT $3))
     RETURNING id, version_id, inputs, output`,
    [correlationId, modelId, ERASED_ROWS],
  );
  return rows;
}

/** Shadows carry the correlation id of what they are of; whatever else may be of it goes as well. */
async function deleteShadows(manager: EntityManager, answered: readonly ErasedRow[]): Promise<ErasedRow[]> {
  const ids = answered.map(({ id }) => id);
  const [rows] = await manager.query<[ErasedRow[], number]>(
    'DELETE FROM prediction WHERE shadow_of = ANY ($1) RETURNING id, version_id, inputs, output',
    [ids],
  );
  return rows;
}

async function deleteOutcomes(manager: EntityManager, rows: readonly ErasedRow[]): Promise<number> {
  const ids = rows.map(({ id }) => id);
  await manager.query('DELETE FROM outcome_change WHERE prediction_id = ANY ($1)', [ids]);
  const [, deleted] = await manager.query<[unknown, number]>('DELETE FROM outcome WHERE prediction_id = ANY ($1)', [
    ids,
  ]);
  return deleted;
}
