import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddModelBackend1795401800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE model ADD COLUMN backend text CHECK (backend IN ('LOCAL', 'SAGEMAKER'))`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE model DROP COLUMN backend`);
  }
}
