import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateBatchPredictions1795402100000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE batch_prediction (
        id                 uuid PRIMARY KEY,
        model_id           uuid NOT NULL REFERENCES model ON DELETE CASCADE,
        version_id         uuid NOT NULL REFERENCES model_version ON DELETE CASCADE,
        dataset_version_id uuid NOT NULL REFERENCES dataset_version ON DELETE CASCADE,
        state              text NOT NULL CHECK (state IN ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED')),
        progress           real NOT NULL DEFAULT 0,
        message            text NOT NULL,
        failure            text,
        rows               bigint,
        unscored           bigint,
        bytes              bigint,
        requested_by       uuid,
        lease              uuid,
        attempts           integer NOT NULL DEFAULT 0,
        created_at         timestamptz NOT NULL DEFAULT now(),
        started_at         timestamptz,
        finished_at        timestamptz,
        CHECK ((state = 'FAILED') = (failure IS NOT NULL)),
        CHECK ((state = 'SUCCEEDED') = (bytes IS NOT NULL)),
        CHECK ((state IN ('SUCCEEDED', 'FAILED', 'CANCELLED')) = (finished_at IS NOT NULL))
      )`);
    await runner.query(`CREATE INDEX batch_prediction_model ON batch_prediction (model_id, id)`);
    await runner.query(`CREATE INDEX batch_prediction_version ON batch_prediction (version_id)`);
    await runner.query(`CREATE INDEX batch_prediction_dataset_version ON batch_prediction (dataset_version_id)`);
    await runner.query(`CREATE INDEX batch_prediction_active ON batch_prediction (id) WHERE finished_at IS NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE batch_prediction`);
  }
}
