import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Partitions made here: yesterday (for clocks that lag) to a week ahead. The scheduler keeps the lead from then on. */
const FIRST_DAY = -1;
const LAST_DAY = 7;

export class CreatePredictions1795400500000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // No foreign keys: the log outlives the models it speaks of, and a check per row would lock their rows on every
    // prediction. No DEFAULT partition: to attach a day beside one, PostgreSQL has to scan it under an exclusive lock,
    // rows that fell into it could never be dropped with their day, and DETACH … CONCURRENTLY is refused. The writer makes
    // a missing day instead.
    await runner.query(`
      CREATE TABLE prediction (
        id             uuid NOT NULL PRIMARY KEY,
        model_id       uuid NOT NULL,
        version_id     uuid NOT NULL,
        inputs         jsonb NOT NULL,
        output         jsonb NOT NULL,
        latency_us     integer NOT NULL,
        caller_kind    text NOT NULL CHECK (caller_kind IN ('USER', 'API_KEY')),
        caller_id      uuid NOT NULL,
        correlation_id text,
        request_id     text NOT NULL
      ) PARTITION BY RANGE (id)`);
    await runner.query(`CREATE INDEX prediction_model ON prediction (model_id, id)`);
    await runner.query(`CREATE INDEX prediction_version ON prediction (version_id, id)`);
    await runner.query(`CREATE INDEX prediction_caller ON prediction (caller_id, id)`);
    await runner.query(
      `CREATE INDEX prediction_correlation ON prediction (correlation_id, id) WHERE correlation_id IS NOT NULL`,
    );
    // A UUIDv7 begins with 48 bits of milliseconds since 1970: this is the lowest one of a day (UTC).
    await runner.query(`
      CREATE FUNCTION first_prediction_id(day date) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
        SELECT (lpad(to_hex(extract(epoch FROM day)::bigint * 1000), 12, '0') || repeat('0', 20))::uuid
      $$`);
    // Attaching a finished table takes a lock that readers and writers of the log don't notice; CREATE TABLE … PARTITION
    // OF would stop them. The advisory lock makes one of many callers do it, the others find it done.
    await runner.query(`
      CREATE FUNCTION ensure_prediction_partition(day date) RETURNS void LANGUAGE plpgsql AS $$
      DECLARE
        partition text := 'prediction_' || to_char(day, 'YYYYMMDD');
      BEGIN
        PERFORM pg_advisory_xact_lock(7210934);
        IF to_regclass(partition) IS NOT NULL THEN
          RETURN;
        END IF;
        EXECUTE format('CREATE TABLE %I (LIKE prediction INCLUDING CONSTRAINTS)', partition);
        EXECUTE format('ALTER TABLE prediction ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
          partition, first_prediction_id(day), first_prediction_id(day + 1));
      END $$`);
    await runner.query(
      `SELECT ensure_prediction_partition((now() AT TIME ZONE 'UTC')::date + day) FROM generate_series($1::int, $2::int) AS day`,
      [FIRST_DAY, LAST_DAY],
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE prediction`);
    await runner.query(`DROP FUNCTION ensure_prediction_partition, first_prediction_id`);
  }
}
