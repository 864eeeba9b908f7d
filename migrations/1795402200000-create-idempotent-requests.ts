import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateIdempotentRequests1795402200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE idempotent_request (
        caller_id      uuid NOT NULL,
        key            text NOT NULL,
        request_sha256 bytea NOT NULL,
        answer         text NOT NULL,
        expires_at     timestamptz NOT NULL,
        PRIMARY KEY (caller_id, key)
      )`);
    await runner.query(`CREATE INDEX idempotent_request_expiry ON idempotent_request (expires_at)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE idempotent_request`);
  }
}
