import { MigrationInterface, QueryRunner } from 'typeorm';

/** Users, their credentials, and the audit log. */
export class CreateAuth1795400000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE app_user (
        id uuid PRIMARY KEY,
        email text NOT NULL UNIQUE,
        password_hash text NOT NULL,
        role text NOT NULL CHECK (role IN ('VIEWER', 'PREDICTOR', 'ENGINEER', 'ADMIN')),
        can_promote boolean NOT NULL DEFAULT false,
        disabled_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now()
      );

      CREATE TABLE session (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES app_user ON DELETE CASCADE,
        address text NOT NULL,
        user_agent text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        last_used_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        revoked_at timestamptz
      );
      CREATE INDEX session_of_user ON session (user_id);

      CREATE TABLE refresh_token (
        hash bytea PRIMARY KEY,
        session_id uuid NOT NULL REFERENCES session ON DELETE CASCADE,
        created_at timestamptz NOT NULL DEFAULT now(),
        used_at timestamptz
      );
      CREATE INDEX refresh_token_of_session ON refresh_token (session_id);

      CREATE TABLE api_key (
        id uuid PRIMARY KEY,
        user_id uuid NOT NULL REFERENCES app_user ON DELETE CASCADE,
        name text NOT NULL,
        prefix text NOT NULL UNIQUE,
        hash bytea NOT NULL,
        role text NOT NULL CHECK (role IN ('VIEWER', 'PREDICTOR', 'ENGINEER', 'ADMIN')),
        can_promote boolean NOT NULL DEFAULT false,
        models text[],
        created_at timestamptz NOT NULL DEFAULT now(),
        last_used_at timestamptz,
        expires_at timestamptz,
        revoked_at timestamptz
      );
      CREATE INDEX api_key_of_user ON api_key (user_id);

      CREATE TABLE invitation (
        id uuid PRIMARY KEY,
        token_hash bytea NOT NULL UNIQUE,
        email text,
        created_by uuid NOT NULL REFERENCES app_user ON DELETE CASCADE,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        used_at timestamptz
      );
      CREATE INDEX invitation_of_creator ON invitation (created_by);

      CREATE TABLE password_reset (
        token_hash bytea PRIMARY KEY,
        user_id uuid NOT NULL UNIQUE REFERENCES app_user ON DELETE CASCADE,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL
      );

      CREATE TABLE login_failure (
        key text PRIMARY KEY,
        failures integer NOT NULL,
        started_at timestamptz NOT NULL
      );
    `);
    await runner.query(`
      CREATE TABLE audit_event (
        id uuid PRIMARY KEY,
        created_at timestamptz NOT NULL DEFAULT now(),
        actor_id uuid,
        credential_kind text,
        credential_id uuid,
        address text,
        action text NOT NULL,
        subject_kind text,
        subject_id text,
        details jsonb NOT NULL DEFAULT '{}'
      );
      CREATE INDEX audit_event_subject ON audit_event (subject_id, id DESC);
      CREATE INDEX audit_event_actor ON audit_event (actor_id, id DESC);
      CREATE INDEX audit_event_action ON audit_event (action, id DESC);

      CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION 'the audit log can only grow: % is refused', TG_OP;
      END $$;

      CREATE TRIGGER audit_event_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE audit_event, login_failure, password_reset, invitation');
    await runner.query('DROP TABLE api_key, refresh_token, session, app_user');
    await runner.query('DROP FUNCTION refuse_audit_change');
  }
}
