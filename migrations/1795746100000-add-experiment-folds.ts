import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Searches may score by cross-validation, and weigh rows. */
export class AddExperimentFolds1795746100000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE experiment
        ADD COLUMN folds integer CHECK (folds BETWEEN 2 AND 20),
        ADD COLUMN weights jsonb`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE experiment DROP COLUMN folds, DROP COLUMN weights`);
  }
}
