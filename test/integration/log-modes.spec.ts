import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { Counter, Gauge, Registry } from 'prom-client';
import { DataSource } from 'typeorm';
import { type Config, loadConfig } from '../../src/config/config.js';
import { LogModes } from '../../src/predictions/log-modes.js';
import { PredictionLog } from '../../src/predictions/prediction-log.js';
import { PredictionPartitions } from '../../src/predictions/prediction-partitions.js';
import type { LogRow } from '../../src/predictions/prediction-rows.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { logRow } from '../support/log-row.js';

const WAIT_SECONDS = 0.5;
const PENDING_ROWS = 20;

describe('the modes of the prediction log', () => {
  let database: TestDatabase;
  let source: DataSource;
  let dropped: Counter;
  let pending: Gauge;

  beforeAll(async () => {
    Logger.overrideLogger(false); // Failures are caused on purpose here.
    database = await createTestDatabase();
    source = await new DataSource({ type: 'postgres', url: database.url, poolSize: 4 }).initialize();
  });

  afterAll(async () => {
    await source.destroy();
    await database.drop();
  });

  function modes(change: Partial<Config>): LogModes {
    const registers = [new Registry()];
    pending = new Gauge({ name: 'pending', help: 'rows', registers });
    dropped = new Counter({ name: 'dropped', help: 'rows', registers });
    const limits = { PREDICTION_LOG_PENDING_ROWS: PENDING_ROWS, PREDICTION_LOG_WAIT_SECONDS: WAIT_SECONDS };
    const config: Config = { ...loadConfig({}), ...limits, ...change };
    return new LogModes(new PredictionLog(source, new PredictionPartitions(source), config, pending), config, dropped);
  }

  const loggedOf = async (rows: readonly LogRow[]): Promise<LogRow[]> => {
    const found = await database.query<{ id: string }>('SELECT id FROM prediction WHERE id = ANY ($1)', [
      rows.map(({ id }) => id),
    ]);
    return rows.filter((row) => found.some(({ id }) => id === row.id));
  };

  /** Nobody can write to the log while `work` runs. */
  const whileLocked = async (work: () => Promise<void>): Promise<void> => {
    const blocker = source.createQueryRunner();
    await blocker.startTransaction();
    try {
      await blocker.query('LOCK TABLE prediction IN ACCESS EXCLUSIVE MODE');
      await work();
    } finally {
      await blocker.rollbackTransaction();
      await blocker.release();
    }
  };

  const valueOf = async (metric: Counter | Gauge) => (await metric.get()).values[0]?.value ?? 0;

  const rowsOf = (count: number, change: Partial<LogRow> = {}) => Array.from({ length: count }, () => logRow(change));

  it('of a model counts more than that of the installation', async () => {
    const rows = rowsOf(3);
    const log = modes({ PREDICTION_LOG_MODE: 'sampled', PREDICTION_LOG_SHARE: Number.MIN_VALUE });
    await log.write(rows, () => undefined, null);
    expect(await loggedOf(rows)).toEqual([]);
    await log.write(rows, () => undefined, 'durable');
    expect(await loggedOf(rows)).toEqual(rows);
    let committed = 0;
    await whileLocked(() => log.write(rowsOf(1), () => committed++, 'async'));
    expect(committed).toBe(0); // Answered all the same.
    await log.onApplicationShutdown();
    expect(committed).toBe(1);
  });

  it('durable: an answer waits for its commit, up to the limit and no longer; what waits is bounded', async () => {
    const log = modes({});
    const rows = rowsOf(PENDING_ROWS);
    await whileLocked(async () => {
      const began = performance.now();
      const waiting = expect(log.write(rows, () => undefined)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      await expect(log.write([logRow()], () => undefined)).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        message: expect.stringContaining('Too many'),
      });
      expect(performance.now() - began).toBeLessThan(WAIT_SECONDS * 500);
      await waiting;
      const waited = performance.now() - began;
      expect(waited).toBeGreaterThanOrEqual(WAIT_SECONDS * 990);
      expect(waited).toBeLessThan(WAIT_SECONDS * 2_000);
    });
    await delay(50);
    expect(await valueOf(pending)).toBe(0);
    const after = rowsOf(PENDING_ROWS);
    await log.write(after, () => undefined);
    expect(await loggedOf(after)).toEqual(after);
  });

  it('async: answers at once, logs later, and counts what it had to drop', async () => {
    const log = modes({ PREDICTION_LOG_MODE: 'async' });
    const rows = rowsOf(PENDING_ROWS);
    let committed = 0;
    await whileLocked(async () => {
      await log.write(rows, () => committed++);
      await log.write(rowsOf(3), () => committed++);
      await delay(20);
      expect(await valueOf(dropped)).toBe(3);
      expect(committed).toBe(0);
    });
    await log.onApplicationShutdown();
    expect(await loggedOf(rows)).toEqual(rows);
    expect(committed).toBe(1);
    expect(await valueOf(dropped)).toBe(3);
  });

  it('sampled: logs a share of rows, all or none of a correlation id', async () => {
    const log = modes({ PREDICTION_LOG_MODE: 'sampled', PREDICTION_LOG_SHARE: 0.25 });
    const rows = Array.from({ length: 2_000 }, (_, i) => logRow({ correlationId: `order ${i >> 1}` }));
    await log.write(rows, () => undefined);
    const logged = await loggedOf(rows);
    // 1,000 ids at 0.25: four standard deviations are 55.
    expect(Math.abs(logged.length / 2 - 250)).toBeLessThan(55);
    expect(new Set(logged.map(({ correlationId }) => correlationId)).size).toBe(logged.length / 2);
    const again = rows.map((row) => logRow({ correlationId: row.correlationId }));
    await log.write(again, () => undefined);
    expect((await loggedOf(again)).map(({ correlationId }) => correlationId)).toEqual(
      logged.map(({ correlationId }) => correlationId),
    );
  });
});
