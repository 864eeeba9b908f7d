import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Trainings may be cross-validated. */
export class AddTrainingFolds1795745600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE training_run ADD COLUMN folds integer CHECK (folds BETWEEN 2 AND 20)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE training_run DROP COLUMN folds`);
  }
}
