import type { TestDatabase } from './database.js';

/** Lets the time pass after which the workers of all active jobs are taken for dead: for tests whose subject is what comes after. */
export async function lapseHeartbeats(database: TestDatabase): Promise<void> {
  await database.query(`UPDATE pgboss.job SET heartbeat_on = now() - interval '1 minute' WHERE state = 'active'`);
}
