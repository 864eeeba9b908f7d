import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Gauge, Registry } from 'prom-client';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { loadConfig } from '../../src/config/config.js';
import type { Evaluator } from '../../src/ml/schema/evaluator.js';
import type { Signature } from '../../src/ml/schema/signature.js';
import { createEvaluator } from '../../src/models/evaluation/create-evaluator.js';
import { alignedWindow } from '../../src/predictions/counts/aligned-window.js';
import { layoutOf } from '../../src/predictions/counts/binning-layout.js';
import { BinningRow } from '../../src/predictions/counts/binning.entity.js';
import { Binnings } from '../../src/predictions/counts/binnings.js';
import { Recount, type RecountedDay } from '../../src/predictions/counts/recount.js';
import { CompactionSchedule } from '../../src/predictions/counts/compaction.schedule.js';
import { WindowCompaction } from '../../src/predictions/counts/window-compaction.js';
import { WindowCounts } from '../../src/predictions/counts/window-counts.js';
import { PredictionLog } from '../../src/predictions/prediction-log.js';
import { PredictionPartitions } from '../../src/predictions/prediction-partitions.js';
import type { LogRow } from '../../src/predictions/prediction-rows.js';
import { scoreRows } from '../../src/predictions/score-rows.js';
import { countLog, referenceOf, vectorsOf } from '../support/counting.js';
import { createTestDatabase, TestDatabase } from '../support/database.js';
import { onnxOf, registerVersion, type RegisteredVersion, TEMPERATURE, WEATHER } from '../support/served-model.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** All that fake timers would replace but the time of day. */
const TIMERS = [
  ...(['hrtime', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate', 'clearImmediate'] as const),
  ...(['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] as const),
];
const ALL = { from: new Date(0), to: new Date('2100-01-01') };

describe('the counts of predictions', () => {
  let database: TestDatabase;
  let source: DataSource;
  let home: string;
  let binnings: Binnings;
  let log: PredictionLog;
  let counts: WindowCounts;
  let compaction: WindowCompaction;
  let recount: Recount;

  beforeAll(async () => {
    Logger.overrideLogger(false); // Failures are caused on purpose here.
    home = await mkdtemp(join(tmpdir(), 'boucle-counts-'));
    database = await createTestDatabase();
    source = await new DataSource({
      type: 'postgres',
      url: database.url,
      poolSize: 6,
      applicationName: 'counts',
      entities: [BinningRow],
    }).initialize();
    binnings = new Binnings(source.getRepository(BinningRow));
    const pending = new Gauge({ name: 'pending', help: 'rows', registers: [new Registry()] });
    log = new PredictionLog(source, new PredictionPartitions(source), loadConfig({}), pending);
    counts = new WindowCounts(source, binnings);
    compaction = new WindowCompaction(source, binnings);
    recount = new Recount(source, binnings);
  });

  afterAll(async () => {
    await source.destroy();
    await database.drop();
    await rm(home, { recursive: true, force: true });
  });

  /** A registered version that can predict, and log what it predicted. */
  class Served {
    private constructor(
      readonly version: RegisteredVersion,
      private readonly signature: Signature,
      private readonly evaluator: Evaluator,
    ) {}

    static async register(signature: Signature, model: string = randomUUID().slice(0, 8)): Promise<Served> {
      const options = { model, signature, reference: referenceOf(signature), stage: 'CANDIDATE' } as const;
      const version = await registerVersion(database, home, options);
      return new Served(version, signature, await createEvaluator(onnxOf(signature)));
    }

    get layout() {
      return layoutOf(this.signature, referenceOf(this.signature));
    }

    /** Predicts rows; `times` (ms) go into their ids, now by default. */
    async predict(rows: readonly object[], times: readonly number[] = []): Promise<LogRow[]> {
      const { modelId, versionId } = this.version;
      const counter = (await binnings.counterOf(versionId))!;
      const { rows: scored } = await scoreRows(this.signature, { evaluator: this.evaluator, counter }, rows);
      return scored.map((row, i) => ({
        id: times[i] === undefined ? row.id : uuidv7({ msecs: times[i] }),
        modelId,
        versionId,
        inputs: row.inputsJson,
        output: row.outputJson,
        latencyUs: 1,
        callerKind: 'USER',
        callerId: randomUUID(),
        correlationId: null,
        requestId: 'test',
        binned: row.binned,
        binnedRow: row.binnedRow,
      }));
    }

    async log(rows: readonly object[], times?: readonly number[]): Promise<void> {
      await log.append(await this.predict(rows, times));
    }

    async merged(window: { from: Date; to: Date } = ALL) {
      return counts.merge({ versionIds: [this.version.versionId], ...window });
    }

    async recount(repair = false): Promise<RecountedDay[]> {
      const days: RecountedDay[] = [];
      for await (const day of recount.days({ versionId: this.version.versionId, repair })) days.push(day);
      return days;
    }

    /** The counts equal those of the log, counted in the plainest way and by the recount. */
    async expectRight(rows: number): Promise<void> {
      const [sum] = await this.merged();
      expect(sum?.rows ?? 0).toBe(rows);
      if (sum) expect(vectorsOf(sum)).toEqual(await countLog(database, this.version.versionId, this.layout));
      for (const day of await this.recount()) expect(day).toMatchObject({ counted: day.logged, differentBins: 0 });
    }

    async granularities(): Promise<Record<string, number>> {
      const found = await database.query<{ granularity: string; n: number }>(
        'SELECT granularity, count(*)::int AS n FROM window_counts WHERE version_id = $1 GROUP BY 1 ORDER BY 1',
        [this.version.versionId],
      );
      return Object.fromEntries(found.map(({ granularity, n }) => [granularity, n]));
    }
  }

  /** Rows over the whole range and beyond: outside the bins, missing, unseen, empty, coerced. */
  const randomRow = (): object => ({
    wind: Math.random() < 0.05 ? -1 : Math.random() * 25,
    precipitation: Math.random() < 0.1 ? null : Math.random() < 0.1 ? String(Math.random()) : Math.random() * 60,
    holiday: Math.random() < 0.3,
    station: ['north', 'south', 'west', ''][Math.floor(Math.random() * 4)],
  });
  const randomRows = (n: number): object[] => Array.from({ length: n }, randomRow);

  it('are committed with the predictions, in every column and bin', async () => {
    const served = await Served.register(WEATHER);
    const row = { wind: 100, precipitation: null, holiday: true, station: 'east' };
    await served.log([row, { ...row, wind: -3, station: 'south' }]);
    const [sum] = await served.merged();
    expect(sum).toMatchObject({ binning: { number: 1 }, rows: 2, versionIds: [served.version.versionId] });
    const [wind, precipitation, holiday, station, output, probability] = vectorsOf(sum!);
    const used = (vector: number[]) => vector.flatMap((n, bin) => (n === 0 ? [] : [[bin, n]]));
    expect(used(wind!)).toEqual([
      [0, 1],
      [65, 1],
    ]);
    expect(used(precipitation!)).toEqual([[66, 2]]);
    expect(used(holiday!)).toEqual([[64, 2]]);
    expect(used(station!)).toEqual([
      [1, 1],
      [2, 1],
    ]);
    // 2·100 is sun for certain, −2·3 certainly rain.
    expect(used(output!)).toEqual([
      [0, 1],
      [1, 1],
    ]);
    expect(used(probability!)).toEqual([[64, 2]]);
    await served.expectRight(2);
  });

  it('of a regression have its numbers as output', async () => {
    const served = await Served.register(TEMPERATURE);
    await served.log(randomRows(3_000));
    const [sum] = await served.merged();
    expect(sum!.probability).toBeNull();
    expect(sum!.output.binning).toMatchObject({ type: 'NUMERIC' });
    await served.expectRight(3_000);
  });

  it('of versions with the same binning add up; another binning has another number', async () => {
    const one = await Served.register(WEATHER, 'shared');
    const two = await Served.register(WEATHER, 'shared');
    const other = await Served.register(TEMPERATURE, 'shared');
    await Promise.all([one, two, other].map((served, i) => served.log(randomRows(10 + i))));
    const sums = await counts.merge({ modelId: one.version.modelId, ...ALL });
    expect(sums.map(({ binning, rows, versionIds }) => [binning.number, rows, versionIds.length])).toEqual(
      expect.arrayContaining([
        [expect.any(Number), 21, 2],
        [expect.any(Number), 12, 1],
      ]),
    );
    expect(sums.map(({ binning }) => binning.number)).toEqual([1, 2]);
  });

  it('are numbered once however many processes ask at the same time', async () => {
    const served = await Served.register(WEATHER);
    const asked = await Promise.all(
      Array.from({ length: 12 }, () =>
        new Binnings(source.getRepository(BinningRow)).counterOf(served.version.versionId),
      ),
    );
    expect(new Set(asked.map((counter) => counter!.binningId)).size).toBe(1);
  });

  it('leave out requests that the database refused, though others shared their commit', async () => {
    const served = await Served.register(WEATHER);
    const requests = await Promise.all(Array.from({ length: 30 }, () => served.predict(randomRows(7))));
    const poisoned = requests.map((rows, i) =>
      i % 7 === 3 ? rows.map((row, j) => (j === 4 ? { ...row, inputs: '{"x":"\\u0000"}' } : row)) : rows,
    );
    const results = await Promise.allSettled(poisoned.map((rows) => log.append(rows)));
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(4);
    await served.expectRight(26 * 7);
  });

  it('are right after a request of many statements, or none of it', async () => {
    const served = await Served.register(WEATHER);
    await served.log(randomRows(1_700));
    const rows = await served.predict(randomRows(1_700));
    rows[1_600] = { ...rows[1_600]!, inputs: '{"x":"\\u0000"}' };
    await expect(log.append(rows)).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await served.expectRight(1_700);
  });

  it('are right after lost database sessions, under load and compaction', async () => {
    const [one, two] = [await Served.register(WEATHER), await Served.register(TEMPERATURE)];
    const stop = new AbortController();
    const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    const terminating = (async () => {
      while (!stop.signal.aborted) {
        await pause(15);
        await database.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'counts' AND state <> 'idle'
             AND datname = current_database()`,
        );
      }
    })();
    const compactors = [1, 2].map(async () => {
      let failures = 0;
      while (!stop.signal.aborted) {
        await new WindowCompaction(source, binnings).run(new Date()).catch(() => failures++);
        await pause(5);
      }
      return failures;
    });
    let refused = 0;
    const clients = Array.from({ length: 8 }, async (_, client) => {
      for (let round = 0; round < 60; round++) {
        try {
          await (client % 2 === 0 ? one : two).log(randomRows(1 + (round % 5)));
        } catch {
          refused++;
        }
      }
    });
    await Promise.all(clients);
    stop.abort();
    await Promise.all([terminating, ...compactors]);
    expect(refused).toBeGreaterThan(0);
    await pause(100);
    for (const served of [one, two]) {
      const [logged] = await database.query<{ n: number }>(
        'SELECT count(*)::int AS n FROM prediction WHERE version_id = $1',
        [served.version.versionId],
      );
      expect(logged!.n).toBeGreaterThan(0);
      await served.expectRight(logged!.n);
      await compaction.run(new Date());
      await served.expectRight(logged!.n);
    }
  });

  describe('merged', () => {
    const noon = Math.floor(Date.now() / DAY_MS) * DAY_MS - 2 * DAY_MS + 12 * HOUR_MS;

    it('by slot, minute, hour and day keep every count, late ones too', async () => {
      const served = await Served.register(WEATHER);
      const times = Array.from({ length: 600 }, (_, i) => noon + i * 20_000); // Three a minute for 3 h 20 min.
      for (let i = 0; i < 600; i += 3) await served.log(randomRows(3), times.slice(i, i + 3));
      expect(await served.granularities()).toEqual({ BATCH: 600 });
      const before = vectorsOf((await served.merged())[0]!);

      await compaction.run(new Date(noon + 3 * HOUR_MS));
      // Ten minutes of slots that had ended, and the twenty after three o'clock.
      expect(await served.granularities()).toEqual({ MINUTE: 170, SLOT: 90 });
      expect(vectorsOf((await served.merged())[0]!)).toEqual(before);

      await compaction.run(new Date(noon + 5 * HOUR_MS));
      // Of four hours, the first two ended three hours before five o'clock.
      expect(await served.granularities()).toEqual({ HOUR: 2, MINUTE: 80 });
      expect(vectorsOf((await served.merged())[0]!)).toEqual(before);

      await served.log(randomRows(5), [noon, noon + 1, noon + HOUR_MS, noon + 3 * HOUR_MS, noon + 30_000]);
      const late = vectorsOf((await served.merged())[0]!);
      await compaction.run(new Date(noon + 9 * HOUR_MS));
      expect(await served.granularities()).toEqual({ HOUR: 4 });
      expect(vectorsOf((await served.merged())[0]!)).toEqual(late);

      await compaction.run(new Date(noon + 40 * DAY_MS));
      expect(await served.granularities()).toEqual({ DAY: 1 });
      await served.log([randomRow()], [noon]);
      await compaction.run(new Date(noon + 40 * DAY_MS));
      expect(await served.granularities()).toEqual({ DAY: 1 });
      await served.expectRight(606);
    });

    it('again and again are the same', async () => {
      const served = await Served.register(WEATHER);
      await served.log(
        randomRows(50),
        Array.from({ length: 50 }, (_, i) => noon + i * 60_000),
      );
      await compaction.run(new Date());
      const ids = () =>
        database.query('SELECT id FROM window_counts WHERE version_id = $1', [served.version.versionId]);
      const first = await ids();
      await compaction.run(new Date());
      expect(await ids()).toEqual(first);
    });

    it('by the clock of the database, though that of the scheduler jumps ahead', async () => {
      const served = await Served.register(WEATHER);
      await served.log(randomRows(5), new Array<number>(5).fill(Date.now()));
      jest.useFakeTimers({ now: Date.now() + DAY_MS, doNotFake: TIMERS });
      try {
        await new CompactionSchedule(source, compaction).compact();
      } finally {
        jest.useRealTimers();
      }
      expect(await served.granularities()).toEqual({ SLOT: 1 });
    });

    it('in more rows than one transaction takes', async () => {
      const served = await Served.register(WEATHER);
      const rows = await served.predict(randomRows(4_500), new Array<number>(4_500).fill(noon));
      await log.append(rows);
      // As 4,500 commits would have left them.
      await database.query(
        `INSERT INTO window_counts SELECT gen_random_uuid(), model_id, version_id, binning_id, granularity, window_start, 0, ''
         FROM window_counts, generate_series(1, 4500) WHERE version_id = $1`,
        [served.version.versionId],
      );
      await compaction.run(new Date(noon));
      expect(await served.granularities()).toEqual({ SLOT: 1 });
      await served.expectRight(4_500);
    });

    it('in a window hold what was predicted from its start to before its end', async () => {
      const served = await Served.register(WEATHER);
      const times = [noon - 1, noon, noon + 9_999, noon + 10_000, noon + 60_000, noon + HOUR_MS - 1, noon + HOUR_MS];
      await served.log(randomRows(7), times);
      const rowsIn = async (from: number, to: number) =>
        (await served.merged({ from: new Date(from), to: new Date(to) }))[0]?.rows ?? 0;
      for (const [later, finest] of [
        [0, 10_000],
        [2 * HOUR_MS, 60_000],
        [8 * HOUR_MS, HOUR_MS],
      ] as const) {
        await compaction.run(new Date(noon + later));
        if (finest <= 10_000) expect(await rowsIn(noon, noon + 10_000)).toBe(2);
        if (finest <= 60_000) expect(await rowsIn(noon, noon + 60_000)).toBe(3);
        expect(await rowsIn(noon - HOUR_MS, noon)).toBe(1);
        expect(await rowsIn(noon, noon + HOUR_MS)).toBe(5);
        expect(await rowsIn(noon + HOUR_MS, noon + 2 * HOUR_MS)).toBe(1);
      }
      expect(await rowsIn(noon + 2 * HOUR_MS, noon + 3 * HOUR_MS)).toBe(0);
      await expect(served.merged({ from: new Date(noon), to: new Date(noon) })).rejects.toMatchObject({
        code: 'BAD_INPUT',
      });
    });

    it('are those of the log in every aligned window, though a merge comes between', async () => {
      const served = await Served.register(WEATHER);
      const now = noon + 4 * HOUR_MS + 123_456;
      const ages = Array.from({ length: 1_500 }, (_, i) => (i % 3 === 0 ? 20_000 : 4 * HOUR_MS) * Math.random() ** 2);
      const times = ages.map((age) => Math.floor(now - age));
      await served.log(randomRows(1_500), times);
      await compaction.run(new Date(now + 29_000));
      for (const seconds of [10, 30, 540, 600, 3_600, 9_000, 10_800]) {
        for (const end of [now, now - 25_000]) {
          const { from, to } = alignedWindow(new Date(end), seconds, new Date(now));
          const logged = times.filter((time) => time >= from.getTime() && time < to.getTime()).length;
          expect((await served.merged({ from, to }))[0]?.rows ?? 0).toBe(logged);
        }
      }
    });

    it('are read as a transaction sees them', async () => {
      const served = await Served.register(WEATHER);
      await served.log(randomRows(3));
      await source.transaction(async (manager) => {
        await manager.query('DELETE FROM window_counts WHERE version_id = $1', [served.version.versionId]);
        expect(await counts.merge({ versionIds: [served.version.versionId], ...ALL }, manager)).toEqual([]);
        expect((await served.merged())[0]!.rows).toBe(3);
      });
    });

    it('do not reach back behind the retention of the log', async () => {
      const served = await Served.register(WEATHER);
      await served.log(randomRows(4), [noon - DAY_MS, noon - DAY_MS, noon, noon]);
      await compaction.dropBefore(new Date(noon));
      expect((await served.merged())[0]!.rows).toBe(2);
    });
  });

  describe('a recount', () => {
    it('finds what differs, and repairs it while predictions are made and merged', async () => {
      const served = await Served.register(WEATHER);
      const { versionId } = served.version;
      const today = Date.now();
      await served.log(
        randomRows(2_500),
        Array.from({ length: 2_500 }, (_, i) => today - (i % 3) * DAY_MS),
      );
      expect((await served.recount()).map(({ logged, counted }) => [logged, counted])).toEqual([
        [833, 833],
        [833, 833],
        [834, 834],
      ]);
      // A row lost, a row doubled, a row of a binning that is not the version's.
      await compaction.run(new Date());
      await database.query(`DELETE FROM window_counts WHERE version_id = $1 AND window_start < $2`, [
        versionId,
        new Date(Math.floor((today - DAY_MS) / DAY_MS) * DAY_MS),
      ]);
      await database.query(
        `INSERT INTO window_counts SELECT gen_random_uuid(), model_id, version_id, binning_id, 'BATCH', window_start, rows, counts
         FROM window_counts WHERE version_id = $1`,
        [versionId],
      );
      const wrong = await served.recount();
      expect(wrong.map(({ logged, counted }) => [logged, counted])).toEqual([
        [833, 0],
        [833, 1_666],
        [834, 1_668],
      ]);
      for (const { differentBins } of wrong) expect(differentBins).toBeGreaterThan(100);

      let made = 0;
      const stop = new AbortController();
      const traffic = Array.from({ length: 3 }, async () => {
        while (!stop.signal.aborted) {
          await served.log(randomRows(3));
          made += 3;
        }
      });
      const merging = (async () => {
        while (!stop.signal.aborted) await compaction.run(new Date());
      })();
      await served.recount(true);
      stop.abort();
      await Promise.all([...traffic, merging]);
      expect(made).toBeGreaterThan(0);
      await served.expectRight(2_500 + made);
      await compaction.run(new Date());
      await served.expectRight(2_500 + made);
    });

    it('of a version without predictions has no days', async () => {
      expect(await (await Served.register(WEATHER)).recount()).toEqual([]);
    });
  });
});
