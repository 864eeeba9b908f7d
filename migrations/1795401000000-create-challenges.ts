import type { MigrationInterface, QueryRunner } from 'typeorm';

const ACTIONS_BEFORE = `'PROMOTED', 'RECOMMENDED', 'DECLINED', 'REJECTED', 'ROLLED_BACK'`;

export class CreateChallenges1795401000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE challenge (
        id          uuid PRIMARY KEY,
        model_id    uuid NOT NULL REFERENCES model ON DELETE CASCADE,
        champion_id uuid NOT NULL,
        version_id  uuid NOT NULL,
        kind        text NOT NULL CHECK (kind IN ('CANARY', 'SHADOW')),
        share       double precision NOT NULL CHECK (share > 0 AND share <= CASE kind WHEN 'CANARY' THEN 0.5 ELSE 1 END),
        returns_to  text NOT NULL CHECK (returns_to IN ('CANDIDATE', 'RETIRED')),
        reason      text NOT NULL,
        started_by  uuid,
        started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
        ended_at    timestamptz
      )`);
    await runner.query(`CREATE INDEX challenge_model ON challenge (model_id, id)`);
    await runner.query(`CREATE UNIQUE INDEX challenge_active ON challenge (model_id) WHERE ended_at IS NULL`);
    // The entry of the ledger that waits for a person. The newest recommendation of a version that is still open is taken
    // over; the older ones were superseded by it.
    await runner.query(`ALTER TABLE model ADD COLUMN recommendation_id uuid`);
    await runner.query(`
      UPDATE model SET recommendation_id = (
        SELECT promotion.id FROM promotion JOIN model_version ON model_version.id = promotion.version_id
        WHERE promotion.model_id = model.id AND action = 'RECOMMENDED' AND stage = 'CHALLENGER'
        ORDER BY promotion.id DESC LIMIT 1)`);
    await runner.query(
      `CREATE INDEX model_recommendation ON model (recommendation_id) WHERE recommendation_id IS NOT NULL`,
    );
    await runner.query(`
      ALTER TABLE promotion DROP CONSTRAINT promotion_action_check, ADD CONSTRAINT promotion_action_check
        CHECK (action IN (${ACTIONS_BEFORE}, 'CHALLENGED', 'CHALLENGE_ENDED', 'DELETED'))`);
    await runner.query(`CREATE INDEX promotion_model_name ON promotion (model_name, id)`);
    // The prediction that was answered, where this one was only made to be compared with it.
    await runner.query(`ALTER TABLE prediction ADD COLUMN shadow_of uuid`);
    await runner.query(`CREATE INDEX prediction_shadow ON prediction (shadow_of) WHERE shadow_of IS NOT NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE prediction DROP COLUMN shadow_of`);
    await runner.query(`DROP INDEX promotion_model_name`);
    // NOT VALID: the ledger keeps its entries, also those of actions that no longer exist.
    await runner.query(`
      ALTER TABLE promotion DROP CONSTRAINT promotion_action_check, ADD CONSTRAINT promotion_action_check
        CHECK (action IN (${ACTIONS_BEFORE})) NOT VALID`);
    await runner.query(`ALTER TABLE model DROP COLUMN recommendation_id`);
    await runner.query(`DROP TABLE challenge`);
  }
}
