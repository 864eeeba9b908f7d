import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Registrations can be cancelled. */
export class AddCancelledRegistrations1795746000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await setStates(runner, ['REGISTERED', 'REFUSED', 'FAILED', 'CANCELLED']);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      UPDATE version_registration SET state = 'FAILED', failure = 'It was cancelled.' WHERE state = 'CANCELLED'`);
    await setStates(runner, ['REGISTERED', 'REFUSED', 'FAILED']);
  }
}

/** PostgreSQL named these constraints when the table was made: by its one column, or by a number. */
async function setStates(runner: QueryRunner, final: readonly string[]): Promise<void> {
  const over = final.map((state) => `'${state}'`).join(', ');
  await runner.query(`
    ALTER TABLE version_registration
      DROP CONSTRAINT version_registration_state_check,
      ADD CONSTRAINT version_registration_state_check CHECK (state IN ('QUEUED', 'CHECKING', ${over})),
      DROP CONSTRAINT version_registration_check2,
      ADD CONSTRAINT version_registration_check2 CHECK ((state IN (${over})) = (finished_at IS NOT NULL))`);
}
