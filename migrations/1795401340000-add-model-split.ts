import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddModelSplit1795401340000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE model ADD COLUMN split jsonb NOT NULL DEFAULT '{"method": "RANDOM"}'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE model DROP COLUMN split`);
  }
}
