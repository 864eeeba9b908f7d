import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateEventsAndWebhooks1795401100000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // No foreign keys: a notice stays readable after the model that it speaks of is gone.
    await runner.query(`
      CREATE TABLE event (
        id         uuid PRIMARY KEY,
        kind       text NOT NULL,
        model_id   uuid,
        model_name text,
        subject_id uuid,
        payload    jsonb NOT NULL CHECK (jsonb_typeof(payload) = 'object'),
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`CREATE INDEX event_created ON event (created_at)`);
    await runner.query(`
      CREATE TABLE webhook (
        id              uuid PRIMARY KEY,
        url             text NOT NULL,
        sealed_secret   bytea NOT NULL,
        kinds           text[] NOT NULL CHECK (cardinality(kinds) > 0),
        model_name      text,
        description     text NOT NULL,
        enabled         boolean NOT NULL DEFAULT true,
        disabled_reason text,
        failures        integer NOT NULL DEFAULT 0,
        next_probe_at   timestamptz,
        created_by      uuid,
        created_at      timestamptz NOT NULL DEFAULT now(),
        CHECK (NOT enabled OR disabled_reason IS NULL)
      )`);
    await runner.query(`
      CREATE TABLE webhook_delivery (
        id               uuid PRIMARY KEY,
        webhook_id       uuid NOT NULL REFERENCES webhook ON DELETE CASCADE,
        event_id         uuid NOT NULL REFERENCES event ON DELETE CASCADE,
        state            text NOT NULL DEFAULT 'PENDING' CHECK (state IN ('PENDING', 'DELIVERED', 'FAILED')),
        attempts         integer NOT NULL DEFAULT 0,
        log              jsonb NOT NULL DEFAULT '[]',
        last_status      integer,
        last_error       text,
        response_excerpt text,
        duration_ms      integer,
        next_attempt_at  timestamptz,
        created_at       timestamptz NOT NULL DEFAULT now(),
        finished_at      timestamptz,
        UNIQUE (webhook_id, event_id),
        CHECK ((state = 'PENDING') = (finished_at IS NULL))
      )`);
    await runner.query(`CREATE INDEX webhook_delivery_webhook ON webhook_delivery (webhook_id, id)`);
    await runner.query(`CREATE INDEX webhook_delivery_event ON webhook_delivery (event_id)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE webhook_delivery, webhook, event`);
  }
}
