import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, EntityManager } from 'typeorm';
import { ERASURE_LOCK } from '../outcomes/outcomes.service.js';
import { insertPredictions, type LogRow } from '../prediction-rows.js';

/** A prediction made beside one that was answered. */
export type ShadowRow = LogRow & { readonly shadowOf: string };

/** Writes shadows to the prediction log: beside the group commits, for which callers wait. */
@Injectable()
export class ShadowLog {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /**
   * Logs shadows and their counts, but those of predictions that were erased meanwhile.
   * @returns how many were logged.
   */
  async append(rows: readonly ShadowRow[]): Promise<number> {
    return this.dataSource.transaction(async (manager) => {
      await manager.query('SELECT pg_advisory_xact_lock_shared($1)', [ERASURE_LOCK]);
      const answered = await findLogged(manager, rows);
      const kept = rows.filter(({ shadowOf }) => answered.has(shadowOf));
      if (kept.length > 0) await insertPredictions(manager, [kept]);
      return kept.length;
    });
  }
}

async function findLogged(manager: EntityManager, rows: readonly ShadowRow[]): Promise<ReadonlySet<string>> {
  const ids = rows.map(({ shadowOf }) => shadowOf).sort();
  const found = await manager.query<{ id: string }[]>(
    'SELECT id FROM prediction WHERE id = ANY ($1) AND id BETWEEN $2 AND $3',
    [ids, ids[0], ids.at(-1)],
  );
  return new Set(found.map(({ id }) => id));
}
