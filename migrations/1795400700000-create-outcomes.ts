import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateOutcomes1795400700000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // The log is partitioned and its rows go with their day, so a foreign key is not to be had; outcomes are removed
    // with their predictions by retention and erasure.
    await runner.query(`
      CREATE TABLE outcome (
        prediction_id uuid PRIMARY KEY,
        model_id      uuid NOT NULL,
        version_id    uuid NOT NULL,
        value         jsonb NOT NULL CHECK (jsonb_typeof(value) IN ('string', 'number')),
        occurred_at   timestamptz,
        received_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
        caller_kind   text NOT NULL CHECK (caller_kind IN ('USER', 'API_KEY')),
        caller_id     uuid NOT NULL
      )`);
    await runner.query(`CREATE INDEX outcome_model ON outcome (model_id, prediction_id)`);
    await runner.query(`CREATE INDEX outcome_version ON outcome (version_id, prediction_id)`);
    await runner.query(`
      CREATE TABLE outcome_change (
        id            uuid PRIMARY KEY,
        prediction_id uuid NOT NULL,
        previous      jsonb NOT NULL,
        value         jsonb NOT NULL,
        occurred_at   timestamptz,
        received_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
        caller_kind   text NOT NULL CHECK (caller_kind IN ('USER', 'API_KEY')),
        caller_id     uuid NOT NULL
      )`);
    await runner.query(`CREATE INDEX outcome_change_prediction ON outcome_change (prediction_id, id)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE outcome, outcome_change`);
  }
}
