import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateModels1795400300000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE model (
        id             uuid PRIMARY KEY,
        name           text NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
        task           text NOT NULL CHECK (task IN ('REGRESSION', 'CLASSIFICATION')),
        dataset_id     uuid NOT NULL REFERENCES dataset,
        target         text NOT NULL,
        features       text[] NOT NULL,
        gate           jsonb NOT NULL,
        promotion_mode text NOT NULL CHECK (promotion_mode IN ('AUTOMATIC', 'MANUAL')),
        last_version   integer NOT NULL DEFAULT 0,
        created_by     uuid,
        created_at     timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`CREATE INDEX model_dataset ON model (dataset_id)`);
    await runner.query(`
      CREATE TABLE model_version (
        id              uuid PRIMARY KEY,
        model_id        uuid NOT NULL REFERENCES model ON DELETE CASCADE,
        number          integer NOT NULL,
        algorithm       text NOT NULL,
        run_id          uuid NOT NULL UNIQUE,
        stage           text NOT NULL CHECK (stage IN ('CANDIDATE', 'CHALLENGER', 'CHAMPION', 'RETIRED', 'REJECTED')),
        artifact_key    text NOT NULL,
        artifact_sha256 text NOT NULL,
        artifact_bytes  bigint NOT NULL,
        signature       jsonb NOT NULL,
        metrics         jsonb NOT NULL,
        manifest        jsonb NOT NULL,
        passed_floors   boolean NOT NULL,
        created_at      timestamptz NOT NULL DEFAULT now(),
        UNIQUE (model_id, number)
      )`);
    await runner.query(
      `CREATE UNIQUE INDEX model_version_champion ON model_version (model_id) WHERE stage = 'CHAMPION'`,
    );
    await runner.query(`
      CREATE TABLE promotion (
        id              uuid PRIMARY KEY,
        model_id        uuid NOT NULL,
        model_name      text NOT NULL,
        version_id      uuid NOT NULL,
        version_number  integer NOT NULL,
        previous_number integer,
        action          text NOT NULL
          CHECK (action IN ('PROMOTED', 'RECOMMENDED', 'DECLINED', 'REJECTED', 'ROLLED_BACK')),
        actor_id        uuid,
        reason          text NOT NULL,
        evidence        jsonb,
        contest_id      uuid UNIQUE,
        created_at      timestamptz NOT NULL DEFAULT clock_timestamp()
      )`);
    await runner.query(`CREATE INDEX promotion_model ON promotion (model_id, id)`);
    await runner.query(`
      CREATE FUNCTION refuse_promotion_change() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION 'the promotion ledger is append-only';
      END $$`);
    await runner.query(`
      CREATE TRIGGER promotion_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON promotion
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_promotion_change()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE promotion, model_version, model`);
    await runner.query(`DROP FUNCTION refuse_promotion_change`);
  }
}
