import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateDatasetSchedule1795400900000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE dataset_schedule (
        id         uuid PRIMARY KEY,
        dataset_id uuid NOT NULL UNIQUE REFERENCES dataset ON DELETE CASCADE,
        cron       text NOT NULL,
        time_zone  text NOT NULL,
        enabled    boolean NOT NULL,
        next_at    timestamptz NOT NULL,
        last_tick  timestamptz,
        failure    text,
        created_by uuid,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`CREATE INDEX dataset_schedule_due ON dataset_schedule (next_at) WHERE enabled`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE dataset_schedule`);
  }
}
