import type { EntityManager } from 'typeorm';

/** The one clock of several hosts; within a transaction, the time of its beginning. */
export async function databaseTime(manager: EntityManager): Promise<Date> {
  const [row] = await manager.query<[{ now: Date }]>('SELECT now() AS now');
  return row.now;
}
