import type { DataSource, EntityManager } from 'typeorm';
import type { PoolClient } from 'pg';

/**
 * Runs `work` on a connection of its own. One that takes longer is ended, not waited for: where the network drops
 * packets nobody would ever hear of it, and the pool would lose the connection to it.
 * @throws Error, as of a lost connection, if `work` is late.
 */
export async function onBoundedConnection<Result>(
  dataSource: DataSource,
  milliseconds: number,
  work: (manager: EntityManager) => Promise<Result>,
): Promise<Result> {
  const runner = dataSource.createQueryRunner();
  const client = (await runner.connect()) as PoolClient;
  const late = setTimeout(() => void client.end(), milliseconds);
  try {
    return await work(runner.manager);
  } finally {
    clearTimeout(late);
    if (!runner.isReleased) await runner.release();
  }
}
