import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateDatasets1795400200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE dataset (
        id           uuid PRIMARY KEY,
        name         text NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
        last_version integer NOT NULL DEFAULT 0,
        created_by   uuid,
        created_at   timestamptz NOT NULL DEFAULT now()
      )`);
    // A source is never changed: an update adds one, and what was extracted from the one before keeps its origin.
    await runner.query(`
      CREATE TABLE data_source (
        id                uuid PRIMARY KEY,
        dataset_id        uuid NOT NULL REFERENCES dataset ON DELETE CASCADE,
        kind              text NOT NULL CHECK (kind IN ('HTTP', 'POSTGRES', 'UPLOAD')),
        location          jsonb NOT NULL,
        sealed_connection bytea,
        options           jsonb NOT NULL,
        created_at        timestamptz NOT NULL DEFAULT now(),
        CHECK ((kind = 'POSTGRES') = (sealed_connection IS NOT NULL))
      )`);
    await runner.query(`CREATE INDEX data_source_dataset ON data_source (dataset_id, id DESC)`);
    await runner.query(`
      CREATE TABLE dataset_version (
        id           uuid PRIMARY KEY,
        dataset_id   uuid NOT NULL REFERENCES dataset ON DELETE CASCADE,
        source_id    uuid NOT NULL REFERENCES data_source ON DELETE CASCADE,
        number       integer,
        state        text NOT NULL CHECK (state IN
          ('QUEUED', 'RUNNING', 'CANCELLING', 'READY', 'UNCHANGED', 'FAILED', 'CANCELLED')),
        progress     real NOT NULL DEFAULT 0,
        message      text NOT NULL DEFAULT '',
        failure      text,
        content_hash text,
        object_key   text,
        upload_key   text,
        rows         bigint,
        bytes        bigint,
        source_bytes bigint,
        schema       jsonb,
        profile      jsonb,
        first_rows   jsonb,
        notes        jsonb NOT NULL DEFAULT '[]',
        engine       text,
        same_as_id   uuid REFERENCES dataset_version ON DELETE SET NULL,
        requested_by uuid,
        lease        uuid,
        attempts     integer NOT NULL DEFAULT 0,
        created_at   timestamptz NOT NULL DEFAULT now(),
        started_at   timestamptz,
        finished_at  timestamptz,
        UNIQUE (dataset_id, number),
        CHECK ((state = 'READY') = (number IS NOT NULL)),
        CHECK ((state = 'FAILED') = (failure IS NOT NULL)),
        CHECK (state <> 'READY' OR (content_hash IS NOT NULL AND object_key IS NOT NULL AND schema IS NOT NULL)),
        CHECK ((state IN ('READY', 'UNCHANGED', 'FAILED', 'CANCELLED')) = (finished_at IS NOT NULL))
      )`);
    await runner.query(`CREATE INDEX dataset_version_list ON dataset_version (dataset_id, id DESC)`);
    await runner.query(`CREATE INDEX dataset_version_object ON dataset_version (object_key)`);
    await runner.query(`CREATE INDEX dataset_version_same_as ON dataset_version (same_as_id)`);
    await runner.query(`CREATE INDEX dataset_version_source ON dataset_version (source_id)`);
    await runner.query(`
      CREATE UNIQUE INDEX dataset_version_active ON dataset_version (dataset_id)
        WHERE state IN ('QUEUED', 'RUNNING', 'CANCELLING')`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE dataset_version, data_source, dataset`);
  }
}
