import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateMonitoring1795401200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE monitoring_policy (
        id         uuid PRIMARY KEY,
        model_id   uuid NOT NULL UNIQUE REFERENCES model ON DELETE CASCADE,
        enabled    boolean NOT NULL,
        settings   jsonb NOT NULL,
        next_at    timestamptz NOT NULL,
        last_tick  timestamptz,
        failure    text,
        created_by uuid,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`CREATE INDEX monitoring_policy_due ON monitoring_policy (next_at) WHERE enabled`);
    await runner.query(`
      CREATE TABLE drift_report (
        id          uuid PRIMARY KEY,
        model_id    uuid NOT NULL REFERENCES model ON DELETE CASCADE,
        version_id  uuid NOT NULL,
        tick        timestamptz NOT NULL,
        window_from timestamptz NOT NULL,
        window_to   timestamptz NOT NULL,
        verdict     text NOT NULL CHECK (verdict IN ('DRIFT', 'NO_DRIFT', 'TOO_FEW_ROWS')),
        rows        bigint NOT NULL,
        document    jsonb NOT NULL,
        created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
        UNIQUE (model_id, tick)
      )`);
    await runner.query(`CREATE INDEX drift_report_model ON drift_report (model_id, id)`);
    await runner.query(
      `CREATE INDEX drift_report_version ON drift_report (version_id, window_to) WHERE verdict <> 'TOO_FEW_ROWS'`,
    );
    await runner.query(`
      CREATE TABLE retraining_decision (
        id         uuid PRIMARY KEY,
        model_id   uuid NOT NULL REFERENCES model ON DELETE CASCADE,
        report_id  uuid NOT NULL UNIQUE REFERENCES drift_report ON DELETE CASCADE,
        verdict    text NOT NULL,
        trigger    text,
        reason     text NOT NULL,
        inputs     jsonb NOT NULL,
        steps      jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp()
      )`);
    await runner.query(`CREATE INDEX retraining_decision_model ON retraining_decision (model_id, id)`);
    // Metrics are read every few seconds, so they can't count decisions of years.
    await runner.query(`
      CREATE TABLE retraining_decision_count (
        model_id  uuid NOT NULL REFERENCES model ON DELETE CASCADE,
        verdict   text NOT NULL,
        decisions bigint NOT NULL,
        PRIMARY KEY (model_id, verdict)
      )`);
    await runner.query(`
      CREATE TABLE retraining (
        id                 uuid PRIMARY KEY,
        model_id           uuid NOT NULL REFERENCES model ON DELETE CASCADE,
        policy_id          uuid NOT NULL,
        decision_id        uuid NOT NULL UNIQUE,
        trigger            text NOT NULL,
        state              text NOT NULL CHECK (state IN ('GATHERING', 'TRAINING', 'JUDGING', 'PROMOTED', 'RECOMMENDED',
                             'DECLINED', 'NO_NEW_DATA', 'FAILED', 'CANCELLED')),
        data               text NOT NULL,
        algorithms         text[],
        source_version_id  uuid,
        extraction_id      uuid,
        attempts           integer NOT NULL DEFAULT 0,
        dataset_version_id uuid,
        group_id           uuid,
        message            text NOT NULL,
        created_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
        state_since        timestamptz NOT NULL DEFAULT clock_timestamp(),
        finished_at        timestamptz,
        CHECK ((state IN ('GATHERING', 'TRAINING', 'JUDGING')) = (finished_at IS NULL))
      )`);
    await runner.query(`CREATE INDEX retraining_model ON retraining (model_id, id)`);
    await runner.query(`CREATE UNIQUE INDEX retraining_active ON retraining (model_id) WHERE finished_at IS NULL`);
    await runner.query(`CREATE INDEX training_run_kind ON training_run (algorithm, backend, state)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP INDEX training_run_kind`);
    await runner.query(
      `DROP TABLE retraining, retraining_decision_count, retraining_decision, drift_report, monitoring_policy`,
    );
  }
}
