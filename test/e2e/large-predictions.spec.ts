import { randomUUID } from 'node:crypto';
import { decodeModel } from '../../src/ml/onnx/decode.js';
import { encodeModel } from '../../src/ml/onnx/encode.js';
import { type Account, signUp } from '../support/accounts.js';
import { type Boucle, startBoucle } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { onnxOf, registerVersion, TEMPERATURE, WEATHER } from '../support/served-model.js';

const ROW = { wind: 2, precipitation: 1, holiday: true, station: 'north' };
/** More than the smallest body that threads read. */
const PADDING = ' '.repeat(40_000);
const MAX_ROWS = 3_000;
/** Until every process has heard of a challenge. */
const STALE_MS = 1_050;

interface Answer {
  readonly status: number;
  readonly body: any;
}

let database: TestDatabase;
let boucle: Boucle;
let account: Account;

beforeAll(async () => {
  database = await createTestDatabase();
  const env = { REGISTRATION: 'open', PREDICTION_MAX_ROWS: String(MAX_ROWS), PREDICTION_THREADS: '2' };
  boucle = await startBoucle({ databaseUrl: database.url, env });
  account = await signUp(boucle, database, 'ADMIN', true);
  await registerVersion(database, boucle.home, { model: 'weather', signature: WEATHER });
  await registerVersion(database, boucle.home, { model: 'temperature', signature: TEMPERATURE });
});

afterAll(async () => {
  await boucle.stop();
  await database.drop();
});

async function post(model: string, text: string, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await boucle.fetch(`/v1/models/${model}/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: text,
    token: account.token,
  });
  return { status: response.status, body: await response.json() };
}

/** White space makes a body large, and changes nothing else. */
const postLarge = (model: string, body: object, headers = {}): Promise<Answer> =>
  post(model, JSON.stringify(body) + PADDING, headers);

const rowsOf = (count: number): object[] => Array.from({ length: count }, (_, i) => ({ ...ROW, wind: i / 8 }));

/** An answer without what is new each time. */
function told({ status, body }: Answer): unknown {
  if (status !== 200) return { status, error: { ...body.error, requestId: undefined } };
  return { status, model: body.model, predictions: body.predictions.map((row: any) => ({ ...row, id: undefined })) };
}

const logged = (answer: Answer): Promise<any[]> =>
  database.query('SELECT * FROM prediction WHERE id = ANY ($1) ORDER BY id', [
    answer.body.predictions.map(({ id }: any) => id),
  ]);

const counted = async (model: string): Promise<number> => {
  const [sum] = await database.query<{ rows: number }>(
    `SELECT coalesce(sum(rows), 0)::int AS rows FROM window_counts JOIN model ON model.id = model_id WHERE name = $1`,
    [model],
  );
  return sum!.rows;
};

describe('a large body', () => {
  it.each([
    ['weather', { rows: [ROW, { ...ROW, station: 'west' }, { ...ROW, wind: '7', precipitation: null }] }],
    ['temperature', { rows: [ROW], correlationIds: ['a"b\\c'], stage: 'CHAMPION' }],
    ['temperature', { rows: [ROW], explain: true }],
    ['temperature', { rows: [ROW, { ...ROW, wind: 'much' }, { ...ROW, rain: 1 }] }],
    ['temperature', { rows: [{ ...ROW, wind: 3e38 }] }],
    ['temperature', { rows: [] }],
    ['temperature', { rows: [ROW], correlationIds: ['a', 'b'] }],
    ['temperature', { rows: [ROW], stage: 'RETIRED' }],
    ['temperature', { rows: [ROW], algorithm: 'MAGIC' }],
    ['temperature', { rows: [ROW], other: 1 }],
    ['temperature', { rows: 'all' }],
    ['nobody', { rows: [ROW] }],
  ])('is answered as a small one: %s %j', async (model, body) => {
    expect(told(await postLarge(model, body))).toEqual(told(await post(model, JSON.stringify(body))));
  });

  it.each(['{"rows": [{"wind": 1}', '[1]', '{"rows": [{"__proto__": {"wind": 1}}]}'])(
    'of another form is refused as a small one: %s',
    async (text) => {
      const small = told(await post('temperature', text));
      expect(small).toMatchObject({ status: 400, error: { code: 'BAD_INPUT' } });
      expect(told(await post('temperature', text + PADDING))).toEqual(small);
    },
  );

  it('is logged and counted as a small one', async () => {
    const rows = [
      { ...ROW, wind: '7' },
      { ...ROW, precipitation: null },
    ];
    const correlationIds = ['é', 'b'];
    const before = await counted('weather');
    const small = await logged(await post('weather', JSON.stringify({ rows, correlationIds })));
    const large = await logged(await postLarge('weather', { rows, correlationIds }, { 'x-request-id': 'large-1' }));
    const own = { id: expect.any(String), latency_us: expect.any(Number), request_id: 'large-1' };
    expect(large).toEqual(small.map((row) => ({ ...row, ...own })));
    expect(await counted('weather')).toBe(before + 4);
  });

  it('of many rows is answered in their order, and wholly in the log', async () => {
    const rows = rowsOf(MAX_ROWS);
    const before = await counted('temperature');
    const answer = await post('temperature', JSON.stringify({ rows }));
    expect(answer.body.predictions.map(({ value }: any) => value)).toEqual(rows.map((row: any) => 14 + 2 * row.wind));
    const log = await logged(answer);
    expect(log.map(({ inputs }) => inputs)).toEqual(rows);
    expect(log.map(({ output }) => output.value)).toEqual(answer.body.predictions.map(({ value }: any) => value));
    expect(await counted('temperature')).toBe(before + MAX_ROWS);
  });

  it('of too many rows is refused', async () => {
    const { status, body } = await post('temperature', JSON.stringify({ rows: rowsOf(MAX_ROWS + 1) }));
    expect(status).toBe(413);
    expect(body.error).toMatchObject({ code: 'LIMIT_EXCEEDED', details: { limit: 'rows', maxRows: MAX_ROWS } });
  });

  it('is one of many at the same time, each with its own rows', async () => {
    const answers = await Promise.all(
      Array.from({ length: 24 }, (_, i) =>
        post('temperature', JSON.stringify({ rows: rowsOf(600).map((row) => ({ ...row, wind: i })) })),
      ),
    );
    for (const [i, { status, body }] of answers.entries()) {
      expect(status).toBe(200);
      expect(new Set(body.predictions.map(({ value }: any) => value))).toEqual(new Set([14 + 2 * i]));
    }
    const ids = answers.flatMap(({ body }) => body.predictions.map(({ id }: any) => id));
    expect(new Set(ids).size).toBe(24 * 600);
  });

  it('with an idempotency key is answered once', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const rows = rowsOf(500);
    const [first, second] = await Promise.all([
      post('temperature', JSON.stringify({ rows }), headers),
      post('temperature', JSON.stringify({ rows }), headers),
    ]);
    expect(second).toEqual(first);
    expect(await post('temperature', JSON.stringify({ rows }) + PADDING, headers)).toEqual(first);
    const other = await post('temperature', JSON.stringify({ rows: rowsOf(501) }), headers);
    expect(other.body.error.code).toBe('CONFLICT');
    expect(await logged(first)).toHaveLength(500);
  });

  it('and a small one are the same for an idempotency key', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const small = await post('temperature', JSON.stringify({ rows: [ROW] }), headers);
    expect(await postLarge('temperature', { rows: [ROW] }, headers)).toEqual(small);
  });

  it('is shared with a challenger', async () => {
    await registerVersion(database, boucle.home, { model: 'shared', signature: TEMPERATURE });
    await registerVersion(database, boucle.home, { model: 'shared', signature: TEMPERATURE, stage: 'CANDIDATE' });
    const input = { model: 'shared', version: 2, kind: 'CANARY', share: 0.5, reason: 'to see it work' };
    await boucle.ask(
      'mutation ($input: StartChallengeInput!) { startChallenge(input: $input) { challenge { kind } } }',
      { input },
      account.token,
    );
    await new Promise((resolve) => setTimeout(resolve, STALE_MS));
    const { status, body } = await post('shared', JSON.stringify({ rows: rowsOf(600) }));
    expect(status).toBe(200);
    const theirs = body.predictions.filter(({ version }: any) => version === 2).length;
    expect(theirs).toBeGreaterThan(200);
    expect(theirs).toBeLessThan(400);
  });

  it('is logged in part where its model is sampled', async () => {
    await registerVersion(database, boucle.home, { model: 'sampled', signature: TEMPERATURE });
    await boucle.ask(
      'mutation ($input: UpdateModelInput!) { updateModel(input: $input) { predictionLogMode } }',
      { input: { name: 'sampled', predictionLogMode: 'SAMPLED' } },
      account.token,
    );
    const answer = await post('sampled', JSON.stringify({ rows: rowsOf(2_000) }));
    const { length } = await logged(answer);
    // A tenth, and six standard deviations.
    expect(Math.abs(length - 200)).toBeLessThan(80);
    expect(await counted('sampled')).toBe(length);
  });

  it('may be for a model that only ONNX Runtime knows', async () => {
    const model = decodeModel(onnxOf(TEMPERATURE));
    const nodes = model.graph.nodes.map((node) => ({
      ...node,
      outputs: node.outputs.map((name) => (name === 'output' ? 'sum' : name)),
    }));
    const abs = { name: 'abs', operator: 'Abs', domain: '', inputs: ['sum'], outputs: ['output'], attributes: [] };
    const onnx = encodeModel({ ...model, graph: { ...model.graph, nodes: [...nodes, abs] } });
    await registerVersion(database, boucle.home, { model: 'absolute', signature: TEMPERATURE, onnx });
    const { body } = await post('absolute', JSON.stringify({ rows: [...rowsOf(600), { ...ROW, wind: -20 }] }));
    expect(body.predictions).toHaveLength(601);
    expect(body.predictions.at(-1).value).toBe(26);
  });
});
