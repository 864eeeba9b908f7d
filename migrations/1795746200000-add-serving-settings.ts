import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A model may have a time limit and a log mode of its own. Whoever keeps its routes in memory hears of a change. */
export class AddServingSettings1795746200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE model
        ADD COLUMN prediction_timeout_seconds double precision CHECK (prediction_timeout_seconds > 0),
        ADD COLUMN prediction_log_mode text CHECK (prediction_log_mode IN ('durable', 'async', 'sampled'))`);
    await runner.query(`
      CREATE FUNCTION announce_serving() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        PERFORM pg_notify('boucle_changes', json_build_object('topic', 'route', 'id', NEW.id)::text);
        RETURN NULL;
      END $$`);
    await runner.query(`
      CREATE TRIGGER model_serving AFTER UPDATE OF prediction_timeout_seconds, prediction_log_mode ON model
        FOR EACH ROW EXECUTE FUNCTION announce_serving()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TRIGGER model_serving ON model`);
    await runner.query(`DROP FUNCTION announce_serving`);
    await runner.query(`ALTER TABLE model DROP COLUMN prediction_timeout_seconds, DROP COLUMN prediction_log_mode`);
  }
}
