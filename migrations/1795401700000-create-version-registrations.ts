import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Versions that come from an uploaded file instead of a training run. */
export class CreateVersionRegistrations1795401700000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE version_registration (
        id                 uuid PRIMARY KEY,
        model_id           uuid NOT NULL REFERENCES model ON DELETE CASCADE,
        dataset_version_id uuid NOT NULL REFERENCES dataset_version,
        file_sha256        text NOT NULL CHECK (file_sha256 ~ '^[0-9a-f]{64}$'),
        classes            text[],
        enter_gate         boolean NOT NULL,
        state              text NOT NULL CHECK (state IN ('QUEUED', 'CHECKING', 'REGISTERED', 'REFUSED', 'FAILED')),
        message            text NOT NULL,
        failure            text,
        version_id         uuid,
        requested_by       uuid,
        lease              uuid,
        attempts           integer NOT NULL DEFAULT 0,
        created_at         timestamptz NOT NULL DEFAULT now(),
        started_at         timestamptz,
        finished_at        timestamptz,
        CHECK ((state IN ('REFUSED', 'FAILED')) = (failure IS NOT NULL)),
        CHECK ((state = 'REGISTERED') = (version_id IS NOT NULL)),
        CHECK ((state IN ('REGISTERED', 'REFUSED', 'FAILED')) = (finished_at IS NOT NULL))
      )`);
    await runner.query(`CREATE INDEX version_registration_model ON version_registration (model_id, id)`);
    await runner.query(
      `CREATE INDEX version_registration_dataset_version ON version_registration (dataset_version_id)`,
    );
    await runner.query(
      `CREATE INDEX version_registration_active ON version_registration (id) WHERE state IN ('QUEUED', 'CHECKING')`,
    );
    await runner.query(`ALTER TABLE model_version ADD COLUMN registration_id uuid UNIQUE`);
    await runner.query(`ALTER TABLE model_version ALTER COLUMN run_id DROP NOT NULL`);
    await runner.query(
      `ALTER TABLE model_version ADD CONSTRAINT model_version_origin CHECK (num_nonnulls(run_id, registration_id) = 1)`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DELETE FROM model_version WHERE run_id IS NULL`);
    await runner.query(`ALTER TABLE model_version DROP CONSTRAINT model_version_origin`);
    await runner.query(`ALTER TABLE model_version ALTER COLUMN run_id SET NOT NULL`);
    await runner.query(`ALTER TABLE model_version DROP COLUMN registration_id`);
    await runner.query(`DROP TABLE version_registration`);
  }
}
