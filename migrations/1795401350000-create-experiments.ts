import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateExperiments1795401350000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE experiment (
        id                 uuid PRIMARY KEY,
        model_id           uuid NOT NULL REFERENCES model ON DELETE CASCADE,
        dataset_version_id uuid NOT NULL REFERENCES dataset_version,
        algorithms         text[] NOT NULL,
        space              jsonb NOT NULL,
        metric             text NOT NULL,
        seed               bigint NOT NULL,
        trials             integer NOT NULL CHECK (trials > 0),
        minutes            real CHECK (minutes > 0),
        state              text NOT NULL CHECK (state IN
          ('QUEUED', 'SEARCHING', 'TRAINING', 'CANCELLING', 'SUCCEEDED', 'FAILED', 'CANCELLED')),
        progress           real NOT NULL DEFAULT 0,
        message            text NOT NULL DEFAULT '',
        log                text NOT NULL DEFAULT '',
        failure            text,
        group_id           uuid UNIQUE,
        requested_by       uuid,
        lease              uuid,
        attempts           integer NOT NULL DEFAULT 0,
        created_at         timestamptz NOT NULL DEFAULT now(),
        started_at         timestamptz,
        finished_at        timestamptz,
        CHECK ((state = 'FAILED') = (failure IS NOT NULL)),
        CHECK (state NOT IN ('TRAINING', 'SUCCEEDED') OR group_id IS NOT NULL),
        CHECK ((state IN ('SUCCEEDED', 'FAILED', 'CANCELLED')) = (finished_at IS NOT NULL))
      )`);
    await runner.query(`CREATE INDEX experiment_model ON experiment (model_id, id)`);
    await runner.query(`CREATE UNIQUE INDEX experiment_active ON experiment (model_id) WHERE finished_at IS NULL`);
    await runner.query(`CREATE INDEX experiment_dataset_version ON experiment (dataset_version_id)`);
    await runner.query(`
      CREATE TABLE trial (
        experiment_id   uuid NOT NULL REFERENCES experiment ON DELETE CASCADE,
        number          integer NOT NULL,
        algorithm       text NOT NULL,
        hyperparameters jsonb NOT NULL,
        state           text NOT NULL CHECK (state IN ('RUNNING', 'SCORED', 'FAILED', 'STOPPED')),
        rung            integer NOT NULL DEFAULT -1,
        loss            double precision NOT NULL DEFAULT 'Infinity',
        results         jsonb NOT NULL DEFAULT '[]',
        seconds         double precision NOT NULL DEFAULT 0,
        failure         text,
        PRIMARY KEY (experiment_id, number),
        CHECK ((state = 'FAILED') = (failure IS NOT NULL))
      )`);
    await runner.query(`CREATE INDEX trial_rank ON trial (experiment_id, rung DESC, loss, number)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE trial, experiment`);
  }
}
