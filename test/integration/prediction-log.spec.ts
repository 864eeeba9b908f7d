import { Logger } from '@nestjs/common';
import { Gauge, Registry } from 'prom-client';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { loadConfig } from '../../src/config/config.js';
import { insertClaims } from '../../src/predictions/idempotency/claim.js';
import { lowestPredictionId } from '../../src/predictions/prediction-id.js';
import { PredictionLog } from '../../src/predictions/prediction-log.js';
import { PredictionPartitions } from '../../src/predictions/prediction-partitions.js';
import { createTestDatabase, TestDatabase } from '../support/database.js';
import { logRow as row } from '../support/log-row.js';

const DAY_MS = 86_400_000;

describe('the prediction log', () => {
  let database: TestDatabase;
  let source: DataSource;
  let partitions: PredictionPartitions;
  let log: PredictionLog;
  let pending: Gauge;

  beforeAll(async () => {
    Logger.overrideLogger(false); // Failures are caused on purpose here.
    database = await createTestDatabase();
    source = await new DataSource({
      type: 'postgres',
      url: database.url,
      poolSize: 4,
      applicationName: 'log',
    }).initialize();
    partitions = new PredictionPartitions(source);
    pending = new Gauge({ name: 'pending', help: 'rows', registers: [new Registry()] });
    log = new PredictionLog(source, partitions, loadConfig({}), pending);
  });

  afterAll(async () => {
    await source.destroy();
    await database.drop();
  });

  const countOf = async (ids: readonly string[]): Promise<number> => {
    const [found] = await database.query<{ n: number }>(
      'SELECT count(*)::int AS n FROM prediction WHERE id = ANY ($1)',
      [ids],
    );
    return found!.n;
  };

  const partitionNames = async (): Promise<string[]> => {
    const found = await database.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relname ~ '^prediction_[0-9]{8}$' ORDER BY 1`,
    );
    return found.map(({ name }) => name);
  };

  const nameOf = (time: number): string =>
    `prediction_${new Date(time).toISOString().slice(0, 10).replaceAll('-', '')}`;

  it('keeps every value as it was given', async () => {
    const given = row({ correlationId: 'order 7, "quoted" {x}' });
    await log.append([given]);
    const [found] = await database.query('SELECT * FROM prediction WHERE id = $1', [given.id]);
    expect(found).toEqual({
      id: given.id,
      model_id: given.modelId,
      version_id: given.versionId,
      inputs: { wind: 4.5, place: 'Seattle "\\, {NULL}' },
      output: { value: 'sun' },
      latency_us: 120,
      caller_kind: 'USER',
      caller_id: given.callerId,
      correlation_id: 'order 7, "quoted" {x}',
      request_id: 'request-1',
      shadow_of: null,
    });
  });

  it('shares commits between requests in flight, and resolves each after its commit', async () => {
    const requests = Array.from({ length: 200 }, () => [row(), row()]);
    const before = await commits();
    await Promise.all(
      requests.map(async (rows) => {
        await log.append(rows);
        expect(await countOf(rows.map(({ id }) => id))).toBe(2);
      }),
    );
    // 200 of these transactions are the checks above.
    expect((await commits()) - before).toBeLessThan(240);
    expect((await pending.get()).values[0]?.value).toBe(0);
  });

  const commits = async (): Promise<number> => {
    await new Promise((resolve) => setTimeout(resolve, 1_100)); // Backends report their counts once a second.
    const [found] = await database.query<{ n: number }>(
      `SELECT xact_commit::int AS n FROM pg_stat_database WHERE datname = current_database()`,
    );
    return found!.n;
  };

  it('writes a request of many statements as one transaction', async () => {
    const rows = Array.from({ length: 1_700 }, () => row());
    await log.append(rows);
    expect(await countOf(rows.map(({ id }) => id))).toBe(1_700);
    const poisoned = Array.from({ length: 1_700 }, (_, i) => row(i === 1_600 ? { inputs: '{"x":"\\u0000"}' } : {}));
    await expect(log.append(poisoned)).rejects.toMatchObject({ code: 'BAD_INPUT' });
    expect(await countOf(poisoned.map(({ id }) => id))).toBe(0);
  });

  it('writes few rows while many are held up', async () => {
    const claim = { callerId: uuidv7(), key: 'held', sha256: Buffer.alloc(32), answer: '{}', expiresAt: new Date() };
    const holder = source.createQueryRunner();
    await holder.startTransaction();
    await insertClaims(holder.manager, [claim]);
    let written = false;
    const many = log
      .append(
        Array.from({ length: 1_000 }, () => row()),
        claim,
      )
      .then(() => (written = true));
    const few = row();
    await log.append([few]);
    expect(await countOf([few.id])).toBe(1);
    expect(written).toBe(false);
    await holder.rollbackTransaction();
    await holder.release();
    await many;
  });

  it('lets a refused request fail alone, not those that share its commit', async () => {
    const requests = Array.from({ length: 40 }, (_, i) => [
      row(i % 13 === 5 ? { inputs: '{"x":"\\u0000"}' } : {}),
      row(),
    ]);
    const results = await Promise.allSettled(requests.map((rows) => log.append(rows)));
    for (const [i, result] of results.entries()) {
      const ids = requests[i]!.map(({ id }) => id);
      expect(result.status).toBe(i % 13 === 5 ? 'rejected' : 'fulfilled');
      expect(await countOf(ids)).toBe(i % 13 === 5 ? 0 : 2);
    }
  });

  it('makes a partition that is missing', async () => {
    const day = Date.UTC(2031, 4, 17);
    const ids = [uuidv7({ msecs: day }), uuidv7({ msecs: day + DAY_MS - 1 }), uuidv7({ msecs: day + DAY_MS })];
    await log.append(ids.map((id) => row({ id })));
    expect(await countOf(ids)).toBe(3);
    const found = await database.query<{ name: string }>(
      'SELECT tableoid::regclass::text AS name FROM prediction WHERE id = ANY ($1) ORDER BY id',
      [ids],
    );
    expect(found.map(({ name }) => name)).toEqual([nameOf(day), nameOf(day), nameOf(day + DAY_MS)]);
  });

  it('says when the database is gone, and works again when it is back', async () => {
    const stop = setInterval(() => void terminateBackends(), 5);
    const results: PromiseSettledResult<string[]>[] = [];
    for (let round = 0; round < 20; round++) {
      const requests = Array.from({ length: 10 }, async () => {
        const rows = [row()];
        await log.append(rows);
        return rows.map(({ id }) => id);
      });
      results.push(...(await Promise.allSettled(requests)));
    }
    clearInterval(stop);
    await terminateBackends();
    const failures = results.filter((result) => result.status === 'rejected');
    expect(failures.length).toBeGreaterThan(0);
    for (const { reason } of failures) expect(reason).toMatchObject({ code: 'UNAVAILABLE' });
    const acknowledged = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
    expect(await countOf(acknowledged)).toBe(acknowledged.length);
    await eventually(() => log.append([row()]));
    expect((await pending.get()).values[0]?.value).toBe(0);
  });

  const terminateBackends = async (): Promise<void> => {
    await database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'log' AND query LIKE '%COPY prediction %'`,
    );
  };

  const eventually = async (work: () => Promise<void>): Promise<void> => {
    for (let attempt = 0; attempt < 20; attempt++) {
      try {
        await work();
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
    await work();
  };

  it('refuses more once too much waits, and nothing once it is written', async () => {
    const megabyte = JSON.stringify({ text: 'x'.repeat(2 ** 20) });
    const blocker = source.createQueryRunner();
    await blocker.startTransaction();
    await blocker.query('LOCK TABLE prediction IN ACCESS EXCLUSIVE MODE');
    const waiting = Array.from({ length: 60 }, () => log.append([row({ inputs: megabyte })]));
    const tooMany = Array.from({ length: 10 }, () => log.append([row({ inputs: megabyte })]));
    await expect(Promise.any(tooMany.map(reasonOf))).resolves.toMatchObject({ code: 'UNAVAILABLE' });
    await blocker.rollbackTransaction();
    await blocker.release();
    const refused = (await Promise.allSettled(tooMany)).filter(({ status }) => status === 'rejected');
    expect(refused.length).toBeGreaterThan(5);
    await Promise.all(waiting);
    await log.append([row()]);
  });

  /** The reason for which `work` was rejected. */
  const reasonOf = (work: Promise<void>): Promise<unknown> =>
    work.then(
      () => Promise.reject(new Error('it was not rejected')),
      (reason: unknown) => reason,
    );

  describe('partitions', () => {
    it('lie from yesterday to a week ahead after the migration', async () => {
      const names = await partitionNames();
      for (let day = -1; day <= 7; day++) expect(names).toContain(nameOf(Date.now() + day * DAY_MS));
    });

    it('are made once by many schedulers at the same time, while rows are written', async () => {
      const now = new Date(Date.now() + 30 * DAY_MS);
      await Promise.all([
        ...Array.from({ length: 4 }, () => partitions.ensureAhead(now)),
        ...Array.from({ length: 20 }, () => log.append([row()])),
      ]);
      const names = await partitionNames();
      for (let day = -1; day <= 7; day++) expect(names).toContain(nameOf(now.getTime() + day * DAY_MS));
    });

    it('are dropped with their rows once past their retention, the younger ones stay', async () => {
      const old = Date.UTC(2020, 0, 1);
      const young = Date.UTC(2020, 0, 2);
      const ids = [uuidv7({ msecs: old }), uuidv7({ msecs: young })];
      await log.append(ids.map((id) => row({ id })));
      const results = await Promise.all([
        partitions.dropBefore(new Date(young)),
        partitions.dropBefore(new Date(young)),
      ]);
      expect(results.flat()).toEqual([nameOf(old)]);
      expect(await countOf([ids[0]!])).toBe(0);
      expect(await countOf([ids[1]!])).toBe(1);
    });

    it('are dropped in the end when the first attempt was cut off after detaching', async () => {
      const old = Date.UTC(2019, 5, 1);
      await log.append([row({ id: uuidv7({ msecs: old }) })]);
      await database.query(`ALTER TABLE prediction DETACH PARTITION ${nameOf(old)}`);
      expect(await partitions.dropBefore(new Date(old + DAY_MS))).toEqual([nameOf(old)]);
      expect(await partitionNames()).not.toContain(nameOf(old));
    });

    it('outside a range of time are not opened', async () => {
      const day = Date.UTC(2031, 4, 17);
      const plan = await database.query<{ 'QUERY PLAN': string }>(
        `EXPLAIN SELECT * FROM prediction WHERE id >= '${lowestPredictionId(new Date(day))}'
         AND id < '${lowestPredictionId(new Date(day + DAY_MS))}' ORDER BY id DESC LIMIT 20`,
      );
      const opened = new Set(plan.flatMap((line) => line['QUERY PLAN'].match(/prediction_\d{8}/g) ?? []));
      expect([...opened]).toEqual([nameOf(day)]);
    });
  });
});
