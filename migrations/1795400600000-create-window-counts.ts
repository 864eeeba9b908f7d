import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateWindowCounts1795400600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // No foreign keys here either: counts belong to the log, which outlives the models it speaks of.
    await runner.query(`
      CREATE TABLE binning (
        id         uuid PRIMARY KEY,
        model_id   uuid NOT NULL,
        number     integer NOT NULL,
        digest     text NOT NULL,
        layout     jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        UNIQUE (model_id, number),
        UNIQUE (model_id, digest)
      )`);
    // counts is one vector over all bins of all columns: pairs of variable-length integers (gap to the next used bin,
    // count), see count-vector.ts. A single prediction uses one bin a column out of 64 and more, so arrays would be
    // mostly zeros; merged counts pass 2^31; and only the service adds them up.
    await runner.query(`
      CREATE TABLE window_counts (
        id           uuid PRIMARY KEY,
        model_id     uuid NOT NULL,
        version_id   uuid NOT NULL,
        binning_id   uuid NOT NULL,
        granularity  text NOT NULL CHECK (granularity IN ('BATCH', 'MINUTE', 'HOUR', 'DAY')),
        window_start timestamptz NOT NULL,
        rows         bigint NOT NULL,
        counts       bytea NOT NULL
      )`);
    // Such integers hardly compress: trying would cost the reader and the writer time.
    await runner.query(`ALTER TABLE window_counts ALTER COLUMN counts SET STORAGE EXTERNAL`);
    await runner.query(`CREATE INDEX window_counts_version ON window_counts (version_id, window_start)`);
    await runner.query(`CREATE INDEX window_counts_granularity ON window_counts (granularity, window_start)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE window_counts, binning`);
  }
}
