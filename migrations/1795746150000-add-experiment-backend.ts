import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Searches run where trainings do; those so far ran in the worker. */
export class AddExperimentBackend1795746150000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE experiment
        ADD COLUMN backend text NOT NULL DEFAULT 'LOCAL' CHECK (backend IN ('LOCAL', 'SAGEMAKER')),
        ADD COLUMN external_name text,
        ADD COLUMN maximum_cost float8,
        ADD COLUMN billed_seconds integer,
        ADD COLUMN cost float8`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE experiment
        DROP COLUMN backend, DROP COLUMN external_name, DROP COLUMN maximum_cost, DROP COLUMN billed_seconds, DROP COLUMN cost`);
  }
}
