import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { BinningRow } from '../../src/predictions/counts/binning.entity.js';
import { Binnings } from '../../src/predictions/counts/binnings.js';
import { WindowCounts } from '../../src/predictions/counts/window-counts.js';
import { LabelledPredictions } from '../../src/predictions/outcomes/labelled-predictions.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

const DAY_MS = 86_400_000;
const NEVER = new AbortController().signal;

describe('labelled predictions', () => {
  let database: TestDatabase;
  let source: DataSource;
  let labelled: LabelledPredictions;
  const model = randomUUID();
  const [one, two] = [randomUUID(), randomUUID()];
  const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const from = new Date(today - 2 * DAY_MS);
  const to = new Date(today);
  const window = { versionId: one, from, to };
  /** Of the first version, 30,000 over two days; every third has an outcome, its number. */
  let ids: string[];

  beforeAll(async () => {
    database = await createTestDatabase();
    source = await new DataSource({ type: 'postgres', url: database.url, entities: [BinningRow] }).initialize();
    const counts = new WindowCounts(source, new Binnings(source.getRepository(BinningRow)));
    labelled = new LabelledPredictions(source, counts);
    for (const days of [1, 2, 3]) {
      const day = new Date(today - days * DAY_MS).toISOString().slice(0, 10);
      await database.query('SELECT ensure_prediction_partition($1)', [day]);
    }
    ids = Array.from({ length: 30_000 }, (_, i) => uuidv7({ msecs: from.getTime() + i * 5_760 })).sort();
    await log(ids, one);
    await log([uuidv7({ msecs: from.getTime() - 1 }), uuidv7({ msecs: to.getTime() })], one);
    await log([uuidv7({ msecs: from.getTime() })], two);
  });

  afterAll(async () => {
    await source.destroy();
    await database.drop();
  });

  /** Every third has an outcome: its place in the list, which is its input as well. */
  async function log(predictions: readonly string[], version: string): Promise<void> {
    await database.query(
      `INSERT INTO prediction SELECT id, $2, $3, jsonb_build_object('row', row - 1), jsonb_build_object('value', row), 1, 'USER', $2, null, 'test'
       FROM unnest($1::uuid[]) WITH ORDINALITY AS logged (id, row)`,
      [predictions, model, version],
    );
    await database.query(
      `INSERT INTO outcome SELECT id, $2, $3, to_jsonb(row - 1), null, now(), 'USER', $2
       FROM unnest($1::uuid[]) WITH ORDINALITY AS logged (id, row) WHERE row % 3 = 1`,
      [predictions, model, version],
    );
  }

  const streamed = async (since: Date) => {
    const batches = [];
    for await (const batch of labelled.stream(model, since, NEVER)) batches.push(batch);
    return batches;
  };

  it('are drawn by a seed, uniformly, each with what was predicted and what happened', async () => {
    const sample = await labelled.sample(window, { seed: 7, rows: 2_000 });
    expect(sample).toHaveLength(2_000);
    for (const { predictionId, output, outcome } of sample) {
      expect(ids[outcome as number]).toBe(predictionId);
      expect(output.value).toBe(Number(outcome) + 1);
    }
    const drawn = sample.map(({ predictionId }) => predictionId);
    expect(drawn).toEqual([...new Set(drawn)].sort());
    // The share of the first day is a half; σ is 1 %.
    const ofFirstDay = sample.filter(({ outcome }) => Number(outcome) < 15_000).length;
    expect(Math.abs(ofFirstDay / 2_000 - 0.5)).toBeLessThan(0.04);
    expect(await labelled.sample(window, { seed: 7, rows: 2_000 })).toEqual(sample);
    const other = await labelled.sample(window, { seed: 8, rows: 2_000 });
    const shared = other.filter(({ predictionId }) => drawn.includes(predictionId)).length;
    expect(Math.abs(shared - 400)).toBeLessThan(80);
  });

  it('are all of them where there are fewer than asked for, within the window only', async () => {
    expect(await labelled.sample(window, { seed: 1 })).toHaveLength(10_000);
    expect(await labelled.sample(window, { seed: 1, rows: 20_000 })).toHaveLength(10_000);
    const ofModel = await labelled.sample({ modelId: model, from, to }, { seed: 1, rows: 20_000 });
    expect(ofModel).toHaveLength(10_001);
    const empty = { ...window, from: new Date(0), to: new Date(1) };
    expect(await labelled.sample(empty, { seed: 1 })).toEqual([]);
    expect(await labelled.sampleOutputs(empty, { seed: 1 })).toEqual([]);
  });

  it('lend their outputs to estimates whether they have an outcome or not', async () => {
    const outputs = await labelled.sampleOutputs(window, { seed: 3, rows: 3_000 });
    const values = outputs.map(({ value }) => Number(value));
    expect(new Set(values).size).toBe(3_000);
    const withOutcome = values.filter((value) => value % 3 === 1).length;
    expect(Math.abs(withOutcome / 3_000 - 1 / 3)).toBeLessThan(0.04);
  });

  it('are counted by the counts where these tell the window apart, else by the log', async () => {
    expect(await labelled.size({ ...window, from: new Date(from.getTime() + 1) })).toEqual({
      predictions: 29_999,
      labelled: 9_999,
    });
    // Nothing was counted here: the log is not asked.
    expect(await labelled.size(window)).toEqual({ predictions: 0, labelled: 10_000 });
    await database.query(
      `INSERT INTO window_counts VALUES ($1, $2, $3, $1, 'HOUR', $4, 29_000, ''), (gen_random_uuid(), $2, $3, $1, 'HOUR', $5, 1_000, '')`,
      [randomUUID(), model, one, from, new Date(today - 3_600_000)],
    );
    expect(await labelled.size(window)).toEqual({ predictions: 30_000, labelled: 10_000 });
  });

  it('are streamed in their order and in batches, from a time on', async () => {
    const all = await streamed(from);
    expect(all.map((batch) => batch.length)).toEqual([...new Array<number>(10).fill(1_000), 1]);
    const rows = all.flat();
    const order = rows.map(({ predictionId }) => predictionId);
    expect(order).toEqual([...order].sort());
    for (const { predictionId, inputs, outcome } of rows.slice(2)) {
      expect(inputs).toEqual({ row: outcome });
      expect(ids[outcome as number]).toBe(predictionId);
    }
    const later = (await streamed(new Date(today - DAY_MS))).flat();
    expect(later).toHaveLength(5_000);
    expect(await streamed(to)).toEqual([]);
  });

  it('are streamed until the caller has had enough', async () => {
    const stop = new AbortController();
    const read = (async () => {
      for await (const batch of labelled.stream(model, from, stop.signal)) {
        expect(batch).toHaveLength(1_000);
        stop.abort(new Error('enough'));
      }
    })();
    await expect(read).rejects.toThrow('enough');
  });

  it('are absent once their prediction was erased', async () => {
    await database.query('DELETE FROM prediction WHERE id = $1', [ids[3]]);
    const outcomes = (await streamed(from)).flat().map(({ outcome }) => outcome);
    expect(outcomes).toHaveLength(10_000);
    expect(outcomes).not.toContain(3);
    expect(await labelled.sample(window, { seed: 1 })).toHaveLength(9_999);
  });
});
