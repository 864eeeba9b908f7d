import { type Boucle, startBoucle } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { registerVersion, TEMPERATURE, WEATHER } from '../support/served-model.js';
import { startProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { type Account, createAdministrator, createApiKey } from '../security/callers.js';

const COLUMNS = [
  { name: 'wind', shape: [2], datatype: 'FP32', data: [2, 0] },
  { name: 'precipitation', shape: [2], datatype: 'FP64', data: [1, null] },
  { name: 'holiday', shape: [2], datatype: 'BOOL', data: [true, false] },
  { name: 'station', shape: [2], datatype: 'BYTES', parameters: { content_type: 'str' }, data: ['north', 'south'] },
];
/** 10 + 2·2 − 1 + 4 + 1, and 10 − 0.5 − 1 */
const TEMPERATURES = [18, 8.5];

describe('serving protocols', () => {
  let database: TestDatabase;
  let proxy: TcpProxy;
  let boucle: Boucle;
  let administrator: Account;

  beforeAll(async () => {
    database = await createTestDatabase();
    proxy = await startProxy(database.url);
    boucle = await startBoucle({
      databaseUrl: proxy.url,
      env: { PREDICTION_MAX_ROWS: '100', BODY_LIMIT_BYTES: '20000' },
    });
    administrator = await createAdministrator(boucle, database.url);
    for (const stage of ['RETIRED', 'REJECTED', 'CHAMPION'] as const) {
      await registerVersion(database, boucle.home, { model: 'temperature', signature: TEMPERATURE, stage });
    }
    await registerVersion(database, boucle.home, { model: 'weather', signature: WEATHER });
    await registerVersion(database, boucle.home, { model: 'untrained', signature: WEATHER, stage: 'REJECTED' });
  });

  afterAll(async () => {
    await boucle.stop();
    await proxy.cut();
    await database.drop();
  });

  async function call(path: string, body?: unknown, token = administrator.accessToken): Promise<any> {
    const response = await boucle.fetch(path, {
      token,
      ...(body !== undefined && {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    });
    return { status: response.status, body: await response.json() };
  }

  const infer = (model: string, body: unknown, token?: string) => call(`/v2/models/${model}/infer`, body, token);

  /** Every row of the table of calls: https://github.com/open-inference/open-inference-protocol */
  describe('the Open Inference Protocol', () => {
    describe('of the server', () => {
      it.each([
        ['/v2/health/live', { live: true }],
        ['/v2/health/ready', { live: true, ready: true }],
      ])('%s is open to everybody', async (path, body) => {
        const response = await boucle.fetch(path);
        expect(response.status).toBe(200);
        expect(await response.json()).toEqual(body);
      });

      it.each(['/v2', '/v2/'])('%s says what it is', async (path) => {
        const body = { name: 'boucle', version: expect.stringMatching(/^\d+\.\d+\.\d+$/), extensions: [] };
        expect(await call(path)).toEqual({ status: 200, body });
      });
    });

    describe('of a model', () => {
      const metadata = {
        name: 'temperature',
        versions: ['1', '3'],
        platform: 'boucle_onnx',
        inputs: [
          { name: 'wind', datatype: 'FP32', shape: [-1] },
          { name: 'precipitation', datatype: 'FP32', shape: [-1] },
          { name: 'holiday', datatype: 'BOOL', shape: [-1] },
          { name: 'station', datatype: 'BYTES', shape: [-1], parameters: { content_type: 'str' } },
        ],
        outputs: [
          { name: 'predict', datatype: 'FP32', shape: [-1] },
          { name: 'prediction_id', datatype: 'BYTES', shape: [-1], parameters: { content_type: 'str' } },
        ],
      };

      it.each(['temperature', 'temperature/versions/1'])('/v2/models/%s describes it', async (path) => {
        expect(await call(`/v2/models/${path}`)).toEqual({ status: 200, body: metadata });
      });

      it('describes the probabilities of a classification', async () => {
        const { body } = await call('/v2/models/weather');
        expect(body.outputs).toEqual([
          { name: 'predict', datatype: 'BYTES', shape: [-1], parameters: { content_type: 'str' } },
          { name: 'predict_proba', datatype: 'FP32', shape: [-1, 2], parameters: { classes: ['rain', 'sun'] } },
          metadata.outputs[1],
        ]);
      });

      it.each(['temperature', 'temperature/versions/1'])('/v2/models/%s/ready', async (path) => {
        expect(await call(`/v2/models/${path}/ready`)).toEqual({
          status: 200,
          body: { name: 'temperature', ready: true },
        });
      });

      it.each([
        ['nobody', 404, 'There is no model nobody.'],
        ['temperature/versions/9', 404, 'has no version 9'],
        ['temperature/versions/x', 400, 'must be a number'],
        ['temperature/versions/2', 503, 'was rejected'],
        ['untrained', 503, 'has no champion yet'],
      ])('%s answers %s, however it is asked', async (path, status, message) => {
        const answers = [
          await call(`/v2/models/${path}`),
          await call(`/v2/models/${path}/ready`),
          await infer(path, { inputs: COLUMNS }),
        ];
        for (const answer of answers)
          expect(answer).toEqual({ status, body: { error: expect.stringContaining(message) } });
      });
    });

    describe('an inference', () => {
      it('answers and logs each row', async () => {
        const { status, body } = await infer('temperature', { id: 'mine', inputs: COLUMNS });
        expect(status).toBe(200);
        expect(body).toEqual({
          model_name: 'temperature',
          model_version: '3',
          id: 'mine',
          outputs: [
            { name: 'predict', datatype: 'FP32', shape: [2], data: TEMPERATURES },
            {
              name: 'prediction_id',
              datatype: 'BYTES',
              shape: [2],
              parameters: { content_type: 'str' },
              data: [expect.any(String), expect.any(String)],
            },
          ],
        });
        const logged = await database.query('SELECT inputs, output FROM prediction WHERE id = ANY ($1) ORDER BY id', [
          body.outputs[1].data,
        ]);
        expect(logged).toEqual([
          { inputs: { wind: 2, precipitation: 1, holiday: true, station: 'north' }, output: { value: 18 } },
          { inputs: { wind: 0, precipitation: null, holiday: false, station: 'south' }, output: { value: 8.5 } },
        ]);
      });

      it('comes from the version in the path, with an id of its own', async () => {
        const { body } = await infer('temperature/versions/1', { inputs: COLUMNS });
        expect(body).toMatchObject({ model_version: '1', id: expect.stringMatching(/^[\w.-]{1,64}$/) });
      });

      it('of a classification has labels and probabilities, row by row', async () => {
        const { body } = await infer('weather', { inputs: COLUMNS });
        const [labels, probabilities] = body.outputs;
        expect(labels).toMatchObject({ name: 'predict', datatype: 'BYTES', shape: [2], data: ['rain', 'rain'] });
        expect(probabilities).toMatchObject({ name: 'predict_proba', datatype: 'FP32', shape: [2, 2] });
        const sun = [-2, -11.5].map((x) => 1 / (1 + Math.exp(-x)));
        expect(probabilities.data).toEqual(sun.flatMap((p) => [expect.closeTo(1 - p, 6), expect.closeTo(p, 6)]));
      });

      it('returns the outputs that were chosen', async () => {
        const outputs = [{ name: 'predict_proba' }, { name: 'predict' }];
        const { body } = await infer('weather', { inputs: COLUMNS, outputs });
        expect(body.outputs.map(({ name }: any) => name)).toEqual(['predict_proba', 'predict']);
      });

      it('takes one matrix in the order of the columns', async () => {
        const data = [
          [2, 1, 1, 0],
          [0, null, 0, 0],
        ];
        for (const given of [data, data.flat()]) {
          const matrix = { name: 'X', shape: [2, 4], datatype: 'FP64', data: given };
          const { body } = await infer('temperature', { inputs: [matrix], outputs: [{ name: 'predict' }] });
          // Without a station that the model knows.
          expect(body.outputs[0].data).toEqual([17, 9.5]);
        }
      });
    });

    describe('a wrong request', () => {
      const inputs = COLUMNS;
      const change = (index: number, part: object) => inputs.map((one, i) => (i === index ? { ...one, ...part } : one));

      it.each([
        ['no JSON', '{', 400, 'JSON'],
        ['no inputs', {}, 400, 'inputs'],
        ['an unknown datatype', { inputs: change(0, { datatype: 'FP8' }) }, 400, 'datatype'],
        ['a shape that does not fit', { inputs: change(0, { shape: [3] }) }, 400, 'means 3 elements'],
        ['a negative dimension', { inputs: change(0, { shape: [-2] }) }, 400, 'negative dimension'],
        [
          'an element of another type',
          { inputs: change(2, { data: ['yes', true] }) },
          400,
          'Input "holiday": element 0',
        ],
        [
          'a value that the model does not take',
          { inputs: change(0, { data: [null, 1] }) },
          400,
          'Row 0: column "wind"',
        ],
        ['a column that is not there', { inputs: inputs.slice(1) }, 400, 'column "wind" is missing'],
        ['an unknown output', { inputs, outputs: [{ name: 'y' }] }, 400, 'no output "y"'],
        ['no rows', { inputs: inputs.map((one) => ({ ...one, shape: [0], data: [] })) }, 400, 'at least one row'],
        [
          'too many rows',
          { inputs: change(0, { shape: [101], data: Array(101).fill(1) }).slice(0, 1) },
          413,
          'at most 100',
        ],
        ['a body that is too large', 'x'.repeat(20_001), 413, 'larger than this server accepts'],
      ])('%s', async (_, body, status, message) => {
        expect(await infer('temperature', body)).toEqual({ status, body: { error: expect.stringContaining(message) } });
      });

      it('of nobody is refused in the form of the protocol', async () => {
        expect(await call('/v2/models/temperature', undefined, 'nothing')).toEqual({
          status: 401,
          body: { error: expect.any(String) },
        });
        expect(await call('/v2/elsewhere')).toEqual({ status: 404, body: { error: expect.any(String) } });
      });

      it('with a key for another model finds none', async () => {
        const { key } = await createApiKey(boucle, administrator, { role: 'PREDICTOR', models: ['weather'] });
        const asked = { headers: { 'x-api-key': key } };
        expect((await boucle.fetch('/v2/models/weather/ready', asked)).status).toBe(200);
        for (const path of ['temperature', 'temperature/ready']) {
          expect((await boucle.fetch(`/v2/models/${path}`, asked)).status).toBe(404);
        }
      });
    });
  });

  describe("MLflow's protocol", () => {
    const data = [
      [2, 1, true, 'north'],
      [0, null, false, 'south'],
    ];
    const columns = COLUMNS.map(({ name }) => name);

    it('answers and logs each row', async () => {
      const { status, body } = await call('/v1/models/temperature/invocations', { dataframe_split: { columns, data } });
      expect(status).toBe(200);
      expect(body).toEqual({ predictions: TEMPERATURES, prediction_ids: [expect.any(String), expect.any(String)] });
      const logged = await database.query('SELECT inputs, output FROM prediction WHERE id = ANY ($1) ORDER BY id', [
        body.prediction_ids,
      ]);
      expect(logged).toEqual([
        { inputs: { wind: 2, precipitation: 1, holiday: true, station: 'north' }, output: { value: 18 } },
        { inputs: { wind: 0, precipitation: null, holiday: false, station: 'south' }, output: { value: 8.5 } },
      ]);
    });

    it.each([
      ['text/csv', 200],
      ['text/csv; charset=latin1', 415],
      ['text/plain', 415],
    ])('takes a file of the type %s: %s', async (contentType, status) => {
      const response = await boucle.fetch('/v1/models/temperature/versions/1/invocations', {
        method: 'POST',
        headers: { 'content-type': contentType },
        body: 'station,wind,holiday,precipitation\nnorth,2,True,1\nsouth,0,False,\n',
        token: administrator.accessToken,
      });
      const body: any = await response.json();
      expect(response.status).toBe(status);
      expect(body.predictions).toEqual(status === 200 ? TEMPERATURES : undefined);
    });

    it('takes CSV on no other path', async () => {
      const response = await boucle.fetch('/v1/models/temperature/predict', {
        method: 'POST',
        headers: { 'content-type': 'text/csv' },
        body: 'wind\n2\n',
        token: administrator.accessToken,
      });
      expect(response.status).toBe(415);
    });

    it('is alive', async () => {
      expect((await boucle.fetch('/ping')).status).toBe(200);
    });
  });

  it('is alive but not ready without its database', async () => {
    await proxy.cut();
    const paths = ['/v2/health/live', '/v2/health/ready', '/ping'];
    const answers = await Promise.all(paths.map((path) => boucle.fetch(path)));
    await proxy.restore();
    expect(answers.map(({ status }) => status)).toEqual([200, 503, 503]);
    expect(await answers[1]!.json()).toEqual({ error: expect.stringContaining('database') });
  });
});
