import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { v7 as uuidv7 } from 'uuid';
import { signUp } from '../support/accounts.js';
import { type Boucle, runBoucle, startBoucle, TEST_SECRET } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { type RegisteredVersion, registerVersion, TEMPERATURE, WEATHER } from '../support/served-model.js';

const ROW = { wind: 2, precipitation: 1, holiday: true, station: 'north' };
const DAY_MS = 86_400_000;
const RECORD = `mutation ($outcomes: [OutcomeInput!]!) {
  recordOutcomes(input: { outcomes: $outcomes }) {
    accepted changed unchanged unknown late invalid problems { position reason message }
  }
}`;
const NOTHING = { accepted: 0, changed: 0, unchanged: 0, unknown: 0, late: 0, invalid: 0, problems: [] };

describe('outcomes', () => {
  let database: TestDatabase;
  let boucle: Boucle;
  let token: string;
  let engineer: string;
  let admin: string;
  let weather: RegisteredVersion;

  beforeAll(async () => {
    database = await createTestDatabase();
    boucle = await startBoucle({ databaseUrl: database.url, env: { REGISTRATION: 'open' } });
    ({ token } = await signUp(boucle, database, 'PREDICTOR'));
    ({ token: engineer } = await signUp(boucle, database, 'ENGINEER'));
    ({ token: admin } = await signUp(boucle, database, 'ADMIN'));
    weather = await registerVersion(database, boucle.home, { model: 'weather', signature: WEATHER });
    await registerVersion(database, boucle.home, {
      model: 'temperature',
      signature: TEMPERATURE,
      algorithm: 'LINEAR_REGRESSION',
    });
  });

  afterAll(async () => {
    await boucle.stop();
    await database.drop();
  });

  async function predict(model: string, correlationIds: (string | undefined)[] = [undefined]): Promise<string[]> {
    const named = correlationIds.every((id) => id !== undefined);
    const response = await boucle.fetch(`/v1/models/${model}/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ rows: correlationIds.map(() => ROW), ...(named && { correlationIds }) }),
      token,
    });
    expect(response.status).toBe(200);
    const body: any = await response.json();
    return body.predictions.map(({ id }: any) => id);
  }

  async function post(body: string, type = 'application/json', as = token): Promise<{ status: number; body: any }> {
    const response = await boucle.fetch('/v1/outcomes', {
      method: 'POST',
      headers: { 'content-type': type },
      body,
      token: as,
    });
    return { status: response.status, body: await response.json() };
  }

  async function record(...outcomes: object[]): Promise<any> {
    const { status, body } = await post(JSON.stringify({ outcomes }));
    expect(status).toBe(200);
    return body;
  }

  const stored = (predictionId: string) =>
    database.query<any>('SELECT * FROM outcome WHERE prediction_id = $1', [predictionId]);
  const history = (predictionId: string) =>
    database.query<any>('SELECT previous, value FROM outcome_change WHERE prediction_id = $1 ORDER BY id', [
      predictionId,
    ]);

  /** A logged prediction of another time; the log has a partition for any day that is asked for. */
  async function predictedAt(time: number): Promise<string> {
    const id = uuidv7({ msecs: time });
    await database.query('SELECT ensure_prediction_partition($1)', [new Date(time).toISOString().slice(0, 10)]);
    await database.query(
      `INSERT INTO prediction SELECT $1, $2, $3, '{}', '{"value":"sun"}', 1, 'USER', $2, $4, 'test'`,
      [id, weather.modelId, weather.versionId, `old-${id}`],
    );
    return id;
  }

  describe('by prediction id', () => {
    it('are recorded with what they belong to', async () => {
      const [id] = await predict('weather');
      const occurredAt = '2026-01-31T12:00:00+01:00';
      expect(await record({ predictionId: id, value: 'sun', occurredAt })).toEqual({ ...NOTHING, accepted: 1 });
      expect(await stored(id!)).toEqual([
        {
          prediction_id: id,
          model_id: weather.modelId,
          version_id: weather.versionId,
          value: 'sun',
          occurred_at: new Date(occurredAt),
          received_at: expect.any(Date),
          caller_kind: 'USER',
          caller_id: expect.any(String),
        },
      ]);
    });

    it('said twice are unchanged; said differently, the last wins and the history keeps all', async () => {
      const [id] = await predict('weather');
      const say = (value: string) => ({ predictionId: id, value });
      expect(await record(say('sun'), say('sun'), say('rain'))).toMatchObject({
        accepted: 1,
        unchanged: 1,
        changed: 1,
      });
      expect(await record(say('rain'))).toEqual({ ...NOTHING, unchanged: 1 });
      expect(await record(say('sun'))).toEqual({ ...NOTHING, changed: 1 });
      expect((await stored(id!))[0].value).toBe('sun');
      expect(await history(id!)).toEqual([
        { previous: 'sun', value: 'rain' },
        { previous: 'rain', value: 'sun' },
      ]);
    });

    it('of a regression are numbers, also written as text', async () => {
      const ids = await predict('temperature', [undefined, undefined, undefined]);
      const values = [12.25, '-3e1', 'warm'];
      const report = await record(...ids.map((predictionId, i) => ({ predictionId, value: values[i] })));
      expect(report).toEqual({
        ...NOTHING,
        accepted: 2,
        invalid: 1,
        problems: [{ position: 2, reason: 'INVALID', message: 'value must be a number, not "warm"' }],
      });
      expect((await stored(ids[0]!))[0].value).toBe(12.25);
      expect((await stored(ids[1]!))[0].value).toBe(-30);
    });

    it('are refused one by one, each with its reason', async () => {
      const [id, other] = await predict('weather', [undefined, undefined]);
      const [temperature] = await predict('temperature');
      const unknown = uuidv7();
      const old = await predictedAt(Date.now() - 91 * DAY_MS);
      const young = await predictedAt(Date.now() - 89 * DAY_MS);
      const report = await record(
        { predictionId: id, value: 'snow' },
        { predictionId: unknown, value: 'sun' },
        { predictionId: old, value: 'sun' },
        { predictionId: young, value: 'sun' },
        { predictionId: temperature, model: 'weather', value: 'sun' },
        { predictionId: 'x', value: 'sun' },
        { value: 'sun' },
        { predictionId: id, correlationId: 'a', value: 'sun' },
        { predictionId: id },
        { predictionId: id, value: null },
        { predictionId: id, value: 'sun', label: 1 },
        { predictionId: id, value: 'sun', occurredAt: 'yesterday' },
        { predictionId: id, value: 'sun', occurredAt: '2999-01-01' },
        { predictionId: other!.toUpperCase(), model: 'weather', value: 'rain' },
        7 as unknown as object,
      );
      expect(report).toMatchObject({ accepted: 2, changed: 0, unchanged: 0, unknown: 2, late: 1, invalid: 10 });
      expect(report.problems.map(({ position, reason }: any) => [position, reason])).toEqual([
        [0, 'INVALID'],
        [1, 'UNKNOWN'],
        [2, 'LATE'],
        [4, 'UNKNOWN'],
        ...[5, 6, 7, 8, 9, 10, 11, 12, 14].map((position) => [position, 'INVALID']),
      ]);
      const messageAt = (at: number) => report.problems.find(({ position }: any) => position === at).message;
      expect(messageAt(0)).toBe('value must be one of rain, sun, not "snow"');
      expect(messageAt(1)).toContain(unknown);
      expect(messageAt(2)).toContain('90 days');
      expect(messageAt(5)).toContain('predictionId must be an id');
      expect(messageAt(7)).toContain('either by predictionId or by correlationId');
      expect(messageAt(9)).toContain('value must be a class or a number');
      expect(messageAt(10)).toContain('label');
      expect(messageAt(12)).toContain('future');
      expect(await stored(id!)).toEqual([]);
    });

    it('of shadows are unknown: nobody was given their predictions', async () => {
      const [answered] = await predict('weather');
      const shadow = await predictedAt(Date.now());
      await database.query('UPDATE prediction SET shadow_of = $1 WHERE id = $2', [answered, shadow]);
      const report = await record(...[answered, shadow].map((predictionId) => ({ predictionId, value: 'sun' })));
      expect(report).toMatchObject({ accepted: 1, unknown: 1 });
    });

    it('stay right when many requests say different things about the same predictions', async () => {
      const ids = await predict(
        'weather',
        Array.from({ length: 40 }, () => undefined),
      );
      const requests = Array.from({ length: 16 }, (_, i) =>
        record(
          ...ids
            .toSorted(() => Math.random() - 0.5)
            .map((predictionId) => ({ predictionId, value: i % 2 === 0 ? 'sun' : 'rain' })),
        ),
      );
      const reports = await Promise.all(requests);
      const total = (name: string) => reports.reduce<number>((sum, report) => sum + Number(report[name]), 0);
      expect(total('accepted')).toBe(40);
      expect(total('accepted') + total('changed') + total('unchanged')).toBe(16 * 40);
      const [changes] = await database.query<{ n: number }>(
        'SELECT count(*)::int AS n FROM outcome_change WHERE prediction_id = ANY ($1)',
        [ids],
      );
      expect(changes!.n).toBe(total('changed'));
      for (const id of ids) {
        const kept = await history(id);
        if (kept.length > 0) expect((await stored(id))[0].value).toBe(kept.at(-1).value);
      }
    });
  });

  describe('by correlation id', () => {
    it('are for all predictions of the model that share it', async () => {
      const order = randomUUID();
      const [one] = await predict('weather', [order]);
      const [two] = await predict('weather', [order]);
      expect(await record({ correlationId: order, value: 'sun' })).toEqual({ ...NOTHING, accepted: 1 });
      expect((await stored(one!))[0].value).toBe('sun');
      expect((await stored(two!))[0].value).toBe('sun');
      expect(await record({ correlationId: order, value: 'sun' })).toEqual({ ...NOTHING, unchanged: 1 });
      expect(await record({ predictionId: two, value: 'rain' })).toMatchObject({ changed: 1 });
      expect(await record({ correlationId: order, value: 'sun' })).toEqual({ ...NOTHING, changed: 1 });
    });

    it('of several models want the model to be named', async () => {
      const order = randomUUID();
      const [first] = await predict('weather', [order]);
      const [second] = await predict('temperature', [order]);
      const ambiguous = await record({ correlationId: order, value: 'sun' });
      expect(ambiguous).toMatchObject({
        invalid: 1,
        problems: [{ message: expect.stringContaining('name the model') }],
      });
      const report = await record(
        { correlationId: order, model: 'weather', value: 'sun' },
        { correlationId: order, model: 'temperature', value: 20 },
        { correlationId: order, model: 'nowhere', value: 20 },
      );
      expect(report).toMatchObject({ accepted: 2, unknown: 1 });
      expect((await stored(first!))[0].value).toBe('sun');
      expect((await stored(second!))[0].value).toBe(20);
    });

    it('that nobody used, or used too long ago, are unknown', async () => {
      const old = await predictedAt(Date.now() - 91 * DAY_MS);
      const report = await record(
        { correlationId: 'nobody', value: 'sun' },
        { correlationId: `old-${old}`, value: 'sun' },
      );
      expect(report).toMatchObject({ unknown: 2, late: 0, problems: [{ reason: 'UNKNOWN' }, { reason: 'UNKNOWN' }] });
    });

    it('of a hundred predictions and more are refused', async () => {
      const order = randomUUID();
      await predict('weather', new Array<string>(101).fill(order));
      const report = await record({ correlationId: order, value: 'sun' });
      expect(report).toMatchObject({
        invalid: 1,
        problems: [{ message: expect.stringContaining('use predictionId') }],
      });
    });

    it('are found by an index, in the partitions of the window only', async () => {
      await predictedAt(Date.now() - 200 * DAY_MS);
      const plan = await database.query<{ 'QUERY PLAN': string }>(
        `EXPLAIN SELECT id FROM unnest(ARRAY['a','b']) AS wanted (correlation_id) CROSS JOIN LATERAL (
           SELECT id FROM prediction WHERE correlation_id = wanted.correlation_id
             AND id >= '${uuidv7({ msecs: Date.now() - 90 * DAY_MS })}' ORDER BY id DESC LIMIT 101) AS found`,
      );
      const text = plan.map((line) => line['QUERY PLAN']).join('\n');
      const day = new Date(Date.now() - 200 * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '');
      expect(text).not.toContain(`prediction_${day}`);
      expect(text).toContain('correlation_id_id_idx');
      expect(text).not.toContain('Seq Scan');
    });
  });

  describe('over GraphQL', () => {
    it('are recorded, and shown with their prediction and its history', async () => {
      const [id] = await predict('weather');
      const { recordOutcomes } = await boucle.ask(
        RECORD,
        {
          outcomes: [
            { predictionId: id, value: 'rain', occurredAt: '2026-01-31T12:00:00Z' },
            { predictionId: id, value: 'sun' },
            { correlationId: 'nobody', value: 1 },
          ],
        },
        token,
      );
      expect(recordOutcomes).toMatchObject({ accepted: 1, changed: 1, unknown: 1, problems: [{ position: 2 }] });
      const { prediction } = await boucle.ask(
        'query ($id: ID!) { prediction(id: $id) { outcome { value occurredAt changes { previous value } } } }',
        { id },
        engineer,
      );
      expect(prediction.outcome).toEqual({
        value: 'sun',
        occurredAt: null,
        changes: [{ previous: 'rain', value: 'sun' }],
      });
    });

    it('cover a share of the predictions of a window', async () => {
      await registerVersion(database, boucle.home, { model: 'covered', signature: WEATHER });
      const from = new Date(Date.now() - 1_000).toISOString();
      const ids = await predict('covered', [undefined, undefined, undefined, undefined]);
      await record(...ids.slice(0, 3).map((predictionId) => ({ predictionId, value: 'sun' })));
      const query = `query ($model: String!, $from: DateTime!, $to: DateTime!) {
        outcomeCoverage(model: $model, from: $from, to: $to) { predictions withOutcome ratio } }`;
      const to = new Date(Date.now() + 1_000).toISOString();
      const covered = await boucle.ask(query, { model: 'covered', from, to }, token);
      expect(covered.outcomeCoverage).toEqual({ predictions: 4, withOutcome: 3, ratio: 0.75 });
      const before = await boucle.ask(query, { model: 'covered', from: '2020-01-01T00:00:00Z', to: from }, token);
      expect(before.outcomeCoverage).toEqual({ predictions: 0, withOutcome: 0, ratio: null });
      const backwards = await boucle.graphql(query, { model: 'covered', from: to, to: from }, token);
      expect(backwards.errors![0]!.extensions['code']).toBe('BAD_INPUT');
      const nowhere = await boucle.graphql(query, { model: 'nowhere', from, to }, token);
      expect(nowhere.errors![0]!.extensions['code']).toBe('NOT_FOUND');
    });
  });

  describe('as a file', () => {
    it('of CSV are recorded; problems name the line', async () => {
      const [one, two] = await predict('weather', ['csv-1', 'csv, "2"']);
      const file = [
        'Correlation_ID,model,value,occurred_at',
        'csv-1,weather,sun,2026-01-31',
        '"csv, ""2""",,rain,',
        '',
        'csv-1,weather,snow,',
        'csv-1,weather',
        'csv-3,weather,sun,',
      ].join('\r\n');
      const { status, body } = await post(file, 'text/csv; charset=utf-8');
      expect(status).toBe(200);
      expect(body).toMatchObject({ accepted: 2, invalid: 2, unknown: 1 });
      expect(body.problems.map(({ position, reason }: any) => [position, reason])).toEqual([
        [5, 'INVALID'],
        [6, 'INVALID'],
        [7, 'UNKNOWN'],
      ]);
      expect((await stored(one!))[0]).toMatchObject({ value: 'sun', occurred_at: new Date('2026-01-31') });
      expect((await stored(two!))[0]).toMatchObject({ value: 'rain', occurred_at: null });
    });

    it('of NDJSON are recorded; problems name the line', async () => {
      const [id] = await predict('weather');
      const lines = [JSON.stringify({ predictionId: id, value: 'sun' }), '{"broken', '', '"text"'];
      const { status, body } = await post(`${lines.join('\n')}\n`, 'application/x-ndjson');
      expect(status).toBe(200);
      expect(body).toMatchObject({ accepted: 1, invalid: 2 });
      expect(body.problems.map(({ position }: any) => position)).toEqual([2, 4]);
    });

    it.each([
      ['value,id\nsun,1', 'text/csv'],
      ['', 'application/json'],
      ['{"outcomes":[]}', 'application/json'],
      ['{"outcome":[]}', 'application/json'],
      ['value', 'text/plain'],
    ])('with %j as %s are refused as a whole', async (body, type) => {
      const answer = await post(body, type);
      expect(answer.status).toBe(400);
      expect(answer.body.error.code).toBe('BAD_INPUT');
    });

    it('leave the content types of other paths alone', async () => {
      const response = await boucle.fetch('/v1/models/weather/predict', {
        method: 'POST',
        headers: { 'content-type': 'text/csv' },
        body: 'a,b',
        token,
      });
      expect(response.status).toBe(415);
      expect(await response.text()).toContain('This path does not take CSV. Send JSON.');
    });

    it('of more lines than fit a request are recorded, and again without a change', async () => {
      const ids: string[] = [];
      for (let round = 0; round < 3; round++) ids.push(...(await predict('weather', new Array(1_000).fill(undefined))));
      const file = `predictionId,value\n${ids.map((id, i) => `${id},${i % 3 === 0 ? 'sun' : 'rain'}`).join('\n')}\n`;
      expect((await post(file, 'text/csv')).body).toEqual({ ...NOTHING, accepted: 3_000 });
      expect((await post(file, 'text/csv')).body).toEqual({ ...NOTHING, unchanged: 3_000 });
    });

    it.each([
      ['application/x-ndjson', '', (line: number) => `{"predictionId":"nonsense ${line}","value":\n`],
      ['text/csv', 'predictionId,value\n', (line: number) => `nonsense ${line},sun\n`],
    ])(
      'of %s with a million bad lines get counts and the first 20 problems, in bounded memory, while others are served',
      async (type, header, bad) => {
        const lines = 1_000_000;
        const before = await residentMiB();
        const started = performance.now();
        const text = (line: number) => (line === 0 ? header : '') + bad(line);
        const { status, body, peak, slowest } = await stream(lines, text, type);
        expect(status).toBe(200);
        expect(body).toMatchObject({ accepted: 0, invalid: lines });
        const first = header === '' ? 1 : 2;
        expect(body.problems.map(({ position }: any) => position)).toEqual(
          Array.from({ length: 20 }, (_, i) => i + first),
        );
        expect(peak - before).toBeLessThan(350);
        expect(performance.now() - started).toBeLessThan(120_000);
        expect(slowest).toBeLessThan(2_000);
      },
      300_000,
    );

    it('with a line without end do not fill the memory', async () => {
      const before = await residentMiB();
      const { body, peak } = await stream(200, () => 'x'.repeat(2 ** 20));
      expect(body).toMatchObject({
        invalid: 1,
        problems: [{ position: 1, message: expect.stringContaining('65536') }],
      });
      expect(peak - before).toBeLessThan(250);
    });

    /** Sends NDJSON of any length, and watches how much memory the process takes meanwhile. */
    /** Memory and the slowest of other requests are watched meanwhile. */
    async function stream(count: number, text: (i: number) => string, type = 'application/x-ndjson') {
      let [peak, slowest] = [0, 0];
      const watch = async (): Promise<void> => {
        const asked = performance.now();
        peak = Math.max(peak, await residentMiB());
        slowest = Math.max(slowest, performance.now() - asked);
      };
      const watching = setInterval(() => void watch(), 100);
      try {
        const answer = await new Promise<{ status: number; body: any }>((resolve, reject) => {
          const headers = { 'content-type': type, authorization: `Bearer ${token}` };
          const call = request(`${boucle.url}/v1/outcomes`, { method: 'POST', headers }, (response) => {
            let answered = '';
            response.on('data', (chunk: Buffer) => (answered += chunk.toString()));
            response.on('end', () => {
              resolve({ status: response.statusCode!, body: JSON.parse(answered) });
            });
          });
          call.on('error', reject);
          void (async () => {
            let piece = '';
            for (let i = 0; i < count; i++) {
              piece += text(i);
              if (piece.length < 65_536) continue;
              if (!call.write(piece)) await new Promise((drained) => call.once('drain', drained));
              piece = '';
            }
            call.end(piece);
          })();
        });
        return { ...answer, peak, slowest };
      } finally {
        clearInterval(watching);
      }
    }

    async function residentMiB(): Promise<number> {
      const metrics = await (await boucle.fetch('/metrics')).text();
      return Number(/^process_resident_memory_bytes (\S+)/m.exec(metrics)![1]) / 2 ** 20;
    }
  });

  it('leave with their predictions when those are past their retention', async () => {
    const id = await predictedAt(Date.now() - 80 * DAY_MS);
    await record({ predictionId: id, value: 'sun' }, { predictionId: id, value: 'rain' });
    expect(await history(id)).toHaveLength(1);
    const env = { PREDICTION_RETENTION_DAYS: '70' };
    const scheduler = await startBoucle({ role: 'scheduler', databaseUrl: database.url, env });
    await scheduler.stop();
    expect(await stored(id)).toEqual([]);
    expect(await history(id)).toEqual([]);
  });

  describe('access', () => {
    it('is refused to a viewer, and to a key of another model as if there were no prediction', async () => {
      const [id] = await predict('weather');
      const viewer = await signUp(boucle, database, 'VIEWER');
      const body = JSON.stringify({ outcomes: [{ predictionId: id, value: 'sun' }] });
      expect((await post(body, 'application/json', viewer.token)).status).toBe(403);
      const { createApiKey } = await boucle.ask(
        'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret } }',
        { input: { name: 'key', role: 'PREDICTOR', models: ['temperature'] } },
        token,
      );
      const other = await post(body, 'application/json', createApiKey.secret);
      expect(other.body).toMatchObject({ accepted: 0, unknown: 1 });
      expect(await stored(id!)).toEqual([]);
    });
  });

  describe('erasure', () => {
    const ERASE = `mutation ($correlationId: String!, $model: String) {
      erasePredictions(correlationId: $correlationId, model: $model) { predictions outcomes } }`;

    const countOf = async (correlationId: string): Promise<number> =>
      (
        await database.query<{ n: number }>('SELECT count(*)::int AS n FROM prediction WHERE correlation_id = $1', [
          correlationId,
        ])
      )[0]!.n;

    it('takes predictions, outcomes and counts of a correlation id away, and is in the audit log without it', async () => {
      const person = `person-${randomUUID()}`;
      const ids = await predict('weather', [person, person, 'another']);
      const [temperature] = await predict('temperature', [person]);
      await record({ predictionId: ids[0], value: 'sun' }, { predictionId: ids[0], value: 'rain' });
      await record({ predictionId: ids[2], value: 'sun' }, { predictionId: temperature, value: 1 });

      const one = await boucle.ask(ERASE, { correlationId: person, model: 'weather' }, admin);
      expect(one.erasePredictions).toEqual({ predictions: 2, outcomes: 1 });
      expect(await countOf(person)).toBe(1);
      const all = await boucle.ask(ERASE, { correlationId: person }, admin);
      expect(all.erasePredictions).toEqual({ predictions: 1, outcomes: 1 });
      expect(await countOf(person)).toBe(0);
      expect(await stored(ids[0]!)).toEqual([]);
      expect(await history(ids[0]!)).toEqual([]);
      expect(await stored(ids[2]!)).toHaveLength(1);

      expect(await record({ predictionId: ids[0], value: 'sun' })).toMatchObject({ unknown: 1 });
      const audited = await database.query<any>(
        `SELECT action, subject_id, details, actor_id IS NOT NULL AS signed FROM audit_event
         WHERE action = 'predictions.erased' ORDER BY id`,
      );
      expect(audited).toEqual([
        {
          action: 'predictions.erased',
          subject_id: weather.modelId,
          details: { predictions: 2, outcomes: 1 },
          signed: true,
        },
        { action: 'predictions.erased', subject_id: null, details: { predictions: 1, outcomes: 1 }, signed: true },
      ]);
    });

    it('of more predictions than one statement takes leaves counts that equal the log', async () => {
      await registerVersion(database, boucle.home, { model: 'crowded', signature: WEATHER });
      await predict('crowded', new Array<string>(2_300).fill('everybody'));
      await predict('crowded', ['somebody']);
      const answer = await boucle.ask(ERASE, { correlationId: 'everybody' }, admin);
      expect(answer.erasePredictions).toEqual({ predictions: 2_300, outcomes: 0 });
      const env = { DATABASE_URL: database.url, BOUCLE_SECRET: TEST_SECRET, BOUCLE_HOME: boucle.home };
      const { code, output } = await runBoucle(['recount', '--model', 'crowded'], env);
      expect(output).toContain('1 predictions on 1 days');
      expect(code).toBe(0);
    });

    it('leaves no outcome behind that arrives meanwhile', async () => {
      for (let round = 0; round < 10; round++) {
        const person = randomUUID();
        const ids = await predict('weather', [person, person, person]);
        await Promise.all([
          record(...ids.map((predictionId) => ({ predictionId, value: 'sun' }))),
          boucle.ask(ERASE, { correlationId: person }, admin),
          record({ correlationId: person, value: 'rain' }),
        ]);
        for (const id of ids) expect(await stored(id)).toEqual([]);
      }
    });

    it('is for administrators, and says when there is no such model', async () => {
      const refused = await boucle.graphql(ERASE, { correlationId: 'x' }, engineer);
      expect(refused.errors![0]!.extensions['code']).toBe('FORBIDDEN');
      const unknown = await boucle.graphql(ERASE, { correlationId: 'x', model: 'nowhere' }, admin);
      expect(unknown.errors![0]!.extensions['code']).toBe('NOT_FOUND');
      const empty = await boucle.graphql(ERASE, { correlationId: '' }, admin);
      expect(empty.errors![0]!.extensions['code']).toBe('BAD_INPUT');
    });
  });
});
