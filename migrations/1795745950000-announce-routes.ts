import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whoever keeps routes in memory hears, with the commit, of the model whose routes have changed. */
export class AnnounceRoutes1795745950000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE FUNCTION announce_route() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE
        model uuid := coalesce(NEW.model_id, OLD.model_id);
      BEGIN
        PERFORM pg_notify('boucle_changes', json_build_object('topic', 'route', 'id', model)::text);
        RETURN NULL;
      END $$`);
    // The end of a model is that of its versions.
    await runner.query(`
      CREATE TRIGGER model_version_route AFTER INSERT OR DELETE OR UPDATE OF stage, passed_floors ON model_version
        FOR EACH ROW EXECUTE FUNCTION announce_route()`);
    await runner.query(`
      CREATE TRIGGER challenge_route AFTER INSERT OR DELETE OR UPDATE ON challenge
        FOR EACH ROW EXECUTE FUNCTION announce_route()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TRIGGER challenge_route ON challenge`);
    await runner.query(`DROP TRIGGER model_version_route ON model_version`);
    await runner.query(`DROP FUNCTION announce_route`);
  }
}
