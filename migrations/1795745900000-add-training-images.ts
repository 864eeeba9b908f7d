import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A model may be trained by somebody's own script, in an image of its own. */
export class AddTrainingImages1795745900000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE model ADD COLUMN training_image text`);
    await runner.query(`ALTER TABLE training_run ADD COLUMN image text`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE training_run DROP COLUMN image`);
    await runner.query(`ALTER TABLE model DROP COLUMN training_image`);
  }
}
