import type { MigrationInterface, QueryRunner } from 'typeorm';

export class AddS3Sources1795745700000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE data_source DROP CONSTRAINT data_source_kind_check`);
    await runner.query(
      `ALTER TABLE data_source ADD CONSTRAINT data_source_kind_check CHECK (kind IN ('HTTP', 'POSTGRES', 'S3', 'UPLOAD'))`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE data_source DROP CONSTRAINT data_source_kind_check`);
    await runner.query(
      `ALTER TABLE data_source ADD CONSTRAINT data_source_kind_check CHECK (kind IN ('HTTP', 'POSTGRES', 'UPLOAD')) NOT VALID`,
    );
  }
}
