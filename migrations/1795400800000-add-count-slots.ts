import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Counts of ten seconds. Code from before reads them like all others and leaves them to be merged; what it writes itself
 * starts with a minute, which is a slot as well.
 */
export class AddCountSlots1795400800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await allowGranularities(runner, ['BATCH', 'SLOT', 'MINUTE', 'HOUR', 'DAY']);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      `UPDATE window_counts SET granularity = 'BATCH', window_start = date_trunc('minute', window_start, 'UTC')
       WHERE granularity IN ('BATCH', 'SLOT')`,
    );
    await allowGranularities(runner, ['BATCH', 'MINUTE', 'HOUR', 'DAY']);
  }
}

async function allowGranularities(runner: QueryRunner, granularities: readonly string[]): Promise<void> {
  await runner.query(
    `ALTER TABLE window_counts DROP CONSTRAINT window_counts_granularity_check,
       ADD CONSTRAINT window_counts_granularity_check
         CHECK (granularity IN (${granularities.map((name) => `'${name}'`).join(', ')}))`,
  );
}
