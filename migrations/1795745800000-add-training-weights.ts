import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Rows may count for more or less in a training. */
export class AddTrainingWeights1795745800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE training_run ADD COLUMN weights jsonb`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE training_run DROP COLUMN weights`);
  }
}
