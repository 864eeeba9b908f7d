import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateTraining1795400400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE training_run (
        id                 uuid PRIMARY KEY,
        group_id           uuid NOT NULL,
        model_id           uuid NOT NULL REFERENCES model ON DELETE CASCADE,
        dataset_version_id uuid NOT NULL REFERENCES dataset_version,
        trigger            text NOT NULL,
        algorithm          text NOT NULL,
        hyperparameters    jsonb NOT NULL,
        seed               bigint NOT NULL,
        backend            text NOT NULL,
        external_name      text,
        state              text NOT NULL CHECK (state IN
          ('QUEUED', 'RUNNING', 'REGISTERING', 'CANCELLING', 'SUCCEEDED', 'FAILED', 'CANCELLED')),
        progress           real NOT NULL DEFAULT 0,
        message            text NOT NULL DEFAULT '',
        log                text NOT NULL DEFAULT '',
        metrics            jsonb,
        failure            text,
        version_id         uuid,
        requested_by       uuid,
        lease              uuid,
        attempts           integer NOT NULL DEFAULT 0,
        created_at         timestamptz NOT NULL DEFAULT now(),
        started_at         timestamptz,
        finished_at        timestamptz,
        CHECK ((state = 'FAILED') = (failure IS NOT NULL)),
        CHECK ((state = 'SUCCEEDED') = (version_id IS NOT NULL)),
        CHECK ((state IN ('SUCCEEDED', 'FAILED', 'CANCELLED')) = (finished_at IS NOT NULL))
      )`);
    await runner.query(`CREATE INDEX training_run_model ON training_run (model_id, id)`);
    await runner.query(`CREATE INDEX training_run_group ON training_run (group_id)`);
    await runner.query(`CREATE INDEX training_run_dataset_version ON training_run (dataset_version_id)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE training_run`);
  }
}
