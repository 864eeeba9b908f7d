import { Logger } from '@nestjs/common';
import { DataSource, EntitySchema } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { AppError } from '../../src/errors/app-error.js';
import { cronTicks, DueRows, type ScheduledRow, type TickHandler } from '../../src/platform/schedule/due-rows.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

interface Alarm extends ScheduledRow {
  readonly cron: string;
  readonly timeZone: string;
  readonly enabled: boolean;
  readonly lagSeconds: number;
}

const entity = new EntitySchema<Alarm>({
  name: 'alarm',
  columns: {
    id: { type: 'uuid', primary: true },
    cron: { type: 'text' },
    timeZone: { type: 'text', name: 'time_zone', default: 'UTC' },
    enabled: { type: 'boolean', default: true },
    lagSeconds: { type: 'integer', name: 'lag_seconds', default: 0 },
    nextAt: { type: 'timestamptz', name: 'next_at' },
    lastTick: { type: 'timestamptz', name: 'last_tick', nullable: true },
    failure: { type: 'text', nullable: true },
  },
});

describe('rows that are due', () => {
  let database: TestDatabase;
  let source: DataSource;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    database = await createTestDatabase();
    source = await new DataSource({ type: 'postgres', url: database.url, entities: [entity] }).initialize();
    await database.query(`
      CREATE TABLE alarm (id uuid PRIMARY KEY, cron text NOT NULL, time_zone text NOT NULL DEFAULT 'UTC', next_at timestamptz NOT NULL,
        enabled boolean NOT NULL DEFAULT true, lag_seconds integer NOT NULL DEFAULT 0, last_tick timestamptz, failure text)`);
    await database.query('CREATE TABLE rung (alarm uuid NOT NULL, tick timestamptz NOT NULL)');
  });

  afterAll(async () => {
    await source.destroy();
    await database.drop();
  });

  beforeEach(() => database.query('TRUNCATE alarm, rung'));

  const ring: TickHandler<Alarm> = async (manager, { id }, tick) => {
    await manager.query('INSERT INTO rung VALUES ($1, $2)', [id, tick]);
  };
  const due = (handler: TickHandler<Alarm> = ring) =>
    new DueRows<Alarm>(
      source,
      { entity, takesPart: 'due.enabled', lag: 'make_interval(secs => due.lag_seconds)', ticksOf: cronTicks },
      handler,
    );

  /** An alarm of every minute unless told otherwise, whose next tick was so many seconds ago. */
  async function alarm(secondsAgo: number, others: Partial<Alarm> = {}): Promise<string> {
    const id = uuidv7();
    const nextAt = () => `date_trunc('minute', now()) - make_interval(secs => ${secondsAgo})`;
    const values = { id, cron: '* * * * *', nextAt, ...others };
    await source.createQueryBuilder().insert().into(entity).values(values).execute();
    return id;
  }
  const alarmOf = (id: string) => source.manager.findOneByOrFail(entity, { id });
  const rung = () => database.query<{ alarm: string; tick: Date }>('SELECT * FROM rung ORDER BY tick, alarm');
  const lastMinute = async () =>
    (await database.query<{ minute: Date }>(`SELECT date_trunc('minute', now()) AS minute`))[0]!.minute.getTime();

  it('are handled once for the latest of their missed ticks, and wait for the next', async () => {
    const id = await alarm(3600);
    const minute = await lastMinute();
    expect(await due().fire()).toBe(1);
    const row = await alarmOf(id);
    expect(row.lastTick!.getTime()).toBeGreaterThanOrEqual(minute);
    expect(row.nextAt.getTime()).toBe(row.lastTick!.getTime() + 60_000);
    expect(row.failure).toBeNull();
    expect(await rung()).toEqual([{ alarm: id, tick: row.lastTick }]);
    expect(await due().fire()).toBe(0);
  });

  it('take part if they are enabled, their time has come, and the lag has passed', async () => {
    await alarm(60, { enabled: false });
    await alarm(-61);
    await alarm(60, { lagSeconds: 200 });
    const late = await alarm(3600, { lagSeconds: 120 });
    const minute = await lastMinute();
    expect(await due().fire()).toBe(1);
    const [only] = await rung();
    expect(only!.alarm).toBe(late);
    expect(only!.tick.getTime() - minute).toBeGreaterThanOrEqual(-120_000);
    expect(only!.tick.getTime() - minute).toBeLessThanOrEqual(-60_000);
  });

  it('are handled once each by many schedulers at the same moment', async () => {
    const ids: string[] = [];
    for (let count = 0; count < 40; count++) ids.push(await alarm(60));
    const handled = await Promise.all(Array.from({ length: 5 }, () => due().fire()));
    expect(handled.reduce((sum, count) => sum + count)).toBe(40);
    expect((await rung()).map((row) => row.alarm).sort()).toEqual([...ids].sort());
  });

  it('leave nothing of a handler that fails but the reason, go on to the next tick, and hold up no others', async () => {
    const bad = await alarm(120);
    const broken = await alarm(90);
    const good = await alarm(60);
    const handler: TickHandler<Alarm> = async (manager, row, tick) => {
      await ring(manager, row, tick);
      if (row.id === bad) throw new AppError('CONFLICT', 'Not now. Wait.');
      if (row.id === broken) throw new Error('secret text of a bug');
    };
    expect(await due(handler).fire()).toBe(1);
    expect((await rung()).map((row) => row.alarm)).toEqual([good]);
    expect((await alarmOf(bad)).failure).toBe('Not now. Wait.');
    expect((await alarmOf(broken)).failure).toMatch(/^Something went wrong on our side/);
    for (const id of [bad, broken]) {
      const { nextAt, lastTick } = await alarmOf(id);
      expect(nextAt.getTime()).toBe(lastTick!.getTime() + 60_000);
    }
    expect(await due(handler).fire()).toBe(0);
  });

  it('forget a failure with the next tick that goes well', async () => {
    const id = await alarm(60, { failure: 'Not now. Wait.' });
    await due().fire();
    expect((await alarmOf(id)).failure).toBeNull();
  });

  it('stay due if PostgreSQL chose another transaction, without holding up others', async () => {
    const unlucky = await alarm(120);
    const good = await alarm(60);
    const handler: TickHandler<Alarm> = async (manager, row, tick) => {
      if (row.id === unlucky) await manager.query(`DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END $$`);
      await ring(manager, row, tick);
    };
    expect(await due(handler).fire()).toBe(1);
    expect(await alarmOf(unlucky)).toMatchObject({ lastTick: null, failure: null });
    expect((await rung()).map((row) => row.alarm)).toEqual([good]);
    expect(await due().fire()).toBe(1);
  });

  it('whose ticks cannot be told are looked at again in an hour', async () => {
    const id = await alarm(60, { timeZone: 'Europe/Atlantis' });
    expect(await due().fire()).toBe(0);
    const { nextAt, failure } = await alarmOf(id);
    expect(failure).toMatch(/^Something went wrong/);
    expect(nextAt.getTime() - (await lastMinute())).toBeGreaterThanOrEqual(3_600_000);
  });

  it.each([0, 200])('are due again if the database is lost in the middle, noticed %i ms later', async (pause) => {
    const id = await alarm(60);
    const handler: TickHandler<Alarm> = async (manager, row, tick) => {
      await ring(manager, row, tick);
      const [{ pid }] = await manager.query<[{ pid: number }]>('SELECT pg_backend_pid() AS pid');
      await database.query('SELECT pg_terminate_backend($1)', [pid]);
      await new Promise((resolve) => setTimeout(resolve, pause));
      await manager.query('SELECT 1');
    };
    expect(await due(handler).fire()).toBe(0);
    expect(await rung()).toEqual([]);
    expect((await alarmOf(id)).lastTick).toBeNull();
    expect(await due().fire()).toBe(1);
  });
});
