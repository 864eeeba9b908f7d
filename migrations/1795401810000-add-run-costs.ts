import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddRunCosts1795401810000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE training_run
        ADD COLUMN maximum_cost float8,
        ADD COLUMN billed_seconds integer,
        ADD COLUMN cost float8`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      `ALTER TABLE training_run DROP COLUMN maximum_cost, DROP COLUMN billed_seconds, DROP COLUMN cost`,
    );
  }
}
