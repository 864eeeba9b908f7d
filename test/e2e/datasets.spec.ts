import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { type Boucle, startBoucle } from '../support/boucle-process.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { lapseHeartbeats } from '../support/lapsed-heartbeats.js';

const FINAL = ['READY', 'UNCHANGED', 'FAILED', 'CANCELLED'];
const VERSION = `id number state progress message failure contentHash rows bytes sourceBytes notes engine
  schema { name type } sameAs { number } source { kind url format connection query options } dataset { name } profile`;

/** What a source answers; tests change it between extractions. */
const pages = new Map<string, string | Buffer>();
/** Paths that send one byte and then wait until they are released. */
const held = new Map<string, () => void>();

describe('datasets', () => {
  let database: TestDatabase;
  let boucle: Boucle;
  let engineer: string;
  let viewer: string;
  let source: Server;
  let origin: string;

  const env = () => ({
    REGISTRATION: 'open',
    GRAPHIQL: 'false',
    SOURCE_ALLOW_LIST: `127.0.0.1:${new URL(origin).port},localhost`,
    SOURCE_MAX_BYTES: '20000000',
  });

  beforeAll(async () => {
    source = createServer((request, response) => {
      const path = request.url ?? '';
      const page = pages.get(path);
      if (path.startsWith('/held')) {
        response.write('a,b\n');
        held.set(path, () => response.end('1,2\n'));
      } else if (page === undefined) response.writeHead(404).end();
      else response.end(page);
    });
    await new Promise<void>((resolve) => source.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(source.address() as AddressInfo).port}`;
    database = await createTestDatabase();
    boucle = await startBoucle({ databaseUrl: database.url, env: env() });
    engineer = await signUp('ENGINEER');
    viewer = await signUp('VIEWER');
  });

  afterAll(async () => {
    await boucle.stop();
    source.closeAllConnections();
    source.close();
    await database.drop();
  });

  async function signUp(role: string): Promise<string> {
    const input = { email: `${randomUUID()}@example.org`, password: 'a good long pass phrase' };
    const { register } = await boucle.ask(
      'mutation ($input: RegisterInput!) { register(input: $input) { accessToken user { id } } }',
      { input },
    );
    await database.query('UPDATE app_user SET role = $1 WHERE id = $2', [role, register.user.id]);
    return register.accessToken;
  }

  const create = (name: string, from: object, options?: object) =>
    boucle.graphql(
      'mutation ($input: CreateDatasetInput!) { createDataset(input: $input) { id name source { kind connection options } } }',
      { input: { name, source: from, options } },
      engineer,
    );

  const csv = (path: string) => ({ kind: 'HTTP', url: origin + path, format: 'CSV' });

  async function start(name: string): Promise<string> {
    const { extractDataset } = await boucle.ask(
      'mutation ($d: String!) { extractDataset(dataset: $d) { id state } }',
      { d: name },
      engineer,
    );
    expect(extractDataset.state).toBe('QUEUED');
    return extractDataset.id;
  }

  async function until(id: string, states: readonly string[] = FINAL): Promise<any> {
    for (let tries = 0; tries < 400; tries++) {
      const { datasetVersion } = await boucle.ask(
        `query ($id: ID!) { datasetVersion(id: $id) { ${VERSION} } }`,
        { id },
        engineer,
      );
      if (states.includes(datasetVersion.state)) return datasetVersion;
      await delay(100);
    }
    throw new Error(`the extraction did not become ${states.join(' or ')}`);
  }

  const extract = async (name: string) => until(await start(name));

  const upload = (name: string, body: RequestInit['body'], headers: Record<string, string> = {}, token = engineer) =>
    boucle.fetch(`/v1/datasets/${name}/upload`, { method: 'POST', body, headers, token });

  const objects = () => {
    const folder = join(boucle.home, 'objects', 'datasets');
    return existsSync(folder) ? readdirSync(folder) : [];
  };

  describe('extraction', () => {
    it('makes a version, then none while the content stays, then another', async () => {
      pages.set('/sales.csv', 'day,amount,city\n2020-01-01,1.5,Paris\n2020-01-02,,Rome\n');
      await create('sales', csv('/sales.csv'));
      const first = await extract('sales');
      expect(first).toMatchObject({
        state: 'READY',
        number: 1,
        progress: 1,
        message: 'version 1',
        failure: null,
        rows: 2,
        dataset: { name: 'sales' },
        source: { kind: 'HTTP', url: `${origin}/sales.csv`, format: 'CSV' },
        schema: [
          { name: 'day', type: 'DATE' },
          { name: 'amount', type: 'NUMBER' },
          { name: 'city', type: 'STRING' },
        ],
      });
      expect(first.profile[1]).toMatchObject({ name: 'amount', nulls: 1, min: 1.5, max: 1.5 });
      expect(first.engine).toMatch(/^DuckDB v/);

      const second = await extract('sales');
      expect(second).toMatchObject({
        state: 'UNCHANGED',
        number: null,
        sameAs: { number: 1 },
        message: 'same content as version 1',
      });

      pages.set('/sales.csv', 'day,amount,city\n2020-01-01,1.5,Paris\n2020-01-02,2,Rome\n');
      expect(await extract('sales')).toMatchObject({ state: 'READY', number: 2 });

      const { dataset } = await boucle.ask(
        '{ dataset(name: "sales") { latestVersion { number } versions(first: 1) { nodes { number } pageInfo { hasNextPage endCursor } } extractions { nodes { state } } } }',
        {},
        viewer,
      );
      expect(dataset.latestVersion.number).toBe(2);
      expect(dataset.versions).toMatchObject({ nodes: [{ number: 2 }], pageInfo: { hasNextPage: true } });
      expect(dataset.extractions.nodes.map(({ state }: any) => state)).toEqual(['READY', 'UNCHANGED', 'READY']);
      const next = await boucle.ask(
        'query ($after: String) { dataset(name: "sales") { versions(first: 1, after: $after) { nodes { number } pageInfo { hasNextPage } } } }',
        { after: dataset.versions.pageInfo.endCursor },
        viewer,
      );
      expect(next.dataset.versions).toEqual({ nodes: [{ number: 1 }], pageInfo: { hasNextPage: false } });
    });

    it('shows first rows to engineers, and gives the Parquet file that the hash names', async () => {
      const { datasetRows } = await boucle.ask('{ datasetRows(dataset: "sales", version: 1, first: 1) }', {}, engineer);
      expect(datasetRows).toEqual([{ day: '2020-01-01', amount: 1.5, city: 'Paris' }]);
      const refused = await boucle.graphql('{ datasetRows(dataset: "sales") }', {}, viewer);
      expect(refused.errors![0]!.extensions.code).toBe('FORBIDDEN');
      const response = await boucle.fetch('/v1/datasets/sales/versions/1/download', { token: engineer });
      const bytes = Buffer.from(await response.arrayBuffer());
      expect(response.headers.get('content-type')).toBe('application/vnd.apache.parquet');
      expect(response.headers.get('content-disposition')).toContain('sales-1.parquet');
      expect(Number(response.headers.get('content-length'))).toBe(bytes.length);
      const hash = createHash('sha256').update(bytes).digest('hex');
      expect(response.headers.get('etag')).toBe(`"${hash}"`);
      expect(objects()).toContain(`${hash}.parquet`);
      for (const [path, token, status] of [
        ['1/download', viewer, 403],
        ['9/download', engineer, 404],
        ['x/download', engineer, 400],
      ] as const) {
        expect((await boucle.fetch(`/v1/datasets/sales/versions/${path}`, { token })).status).toBe(status);
      }
    });

    it('keeps the source of old versions when a dataset gets another one', async () => {
      pages.set('/other.csv', 'x;y\n1,5;NA\n');
      await boucle.ask(
        'mutation ($input: UpdateDatasetInput!) { updateDataset(input: $input) { source { url options } } }',
        {
          input: {
            name: 'sales',
            source: csv('/other.csv'),
            options: {
              decimalComma: true,
              nullMarkers: ['NA'],
              casts: [{ column: 'y', type: 'NUMBER' }],
              filter: 'x > 1',
            },
          },
        },
        engineer,
      );
      const third = await extract('sales');
      expect(third).toMatchObject({
        state: 'READY',
        number: 3,
        rows: 1,
        source: { url: `${origin}/other.csv`, options: { filter: 'x > 1' } },
      });
      const { dataset } = await boucle.ask(
        '{ dataset(name: "sales") { versions { nodes { number source { url } } } } }',
        {},
        viewer,
      );
      expect(dataset.versions.nodes.map(({ source: { url } }: any) => url)).toEqual([
        `${origin}/other.csv`,
        `${origin}/sales.csv`,
        `${origin}/sales.csv`,
      ]);
    });

    it('fails with a reason, and works the next time', async () => {
      pages.set('/ragged.csv', 'a,b\n1,2\n3\n');
      await create('ragged', csv('/ragged.csv'));
      expect(await extract('ragged')).toMatchObject({
        state: 'FAILED',
        number: null,
        failure: expect.stringMatching(/^Line 3 has 1 fields instead of 2/),
      });
      pages.delete('/ragged.csv');
      expect((await extract('ragged')).failure).toMatch(/answered 404/);
      pages.set('/ragged.csv', 'a,b\n1,2\n3,4\n');
      expect(await extract('ragged')).toMatchObject({ state: 'READY', number: 1 });
      expect(readdirSync(join(boucle.home, 'objects', '.staging'))).toEqual([]);
    });

    it('is cancelled while it waits for its source; one at a time', async () => {
      await create('slow', csv('/held/one'));
      const id = await start('slow');
      await until(id, ['RUNNING']);
      const again = await boucle.graphql('mutation { extractDataset(dataset: "slow") { id } }', {}, engineer);
      expect(again.errors![0]).toMatchObject({ extensions: { code: 'CONFLICT' } });
      const early = await boucle.graphql('mutation { deleteDataset(name: "slow") }', {}, engineer);
      expect(early.errors![0]).toMatchObject({ extensions: { code: 'INVALID_STATE' } });
      const begun = Date.now();
      await boucle.ask('mutation ($id: ID!) { cancelExtraction(id: $id) { state } }', { id }, engineer);
      expect(await until(id)).toMatchObject({ state: 'CANCELLED', message: 'cancelled', failure: null });
      expect(Date.now() - begun).toBeLessThan(5000);
      const late = await boucle.graphql(
        'mutation ($id: ID!) { cancelExtraction(id: $id) { state } }',
        { id },
        engineer,
      );
      expect(late.errors![0]).toMatchObject({ extensions: { code: 'INVALID_STATE' } });
    });

    it('is taken up again when its worker is killed, and ends once', async () => {
      await create('survivor', csv('/held/two'));
      const id = await start('survivor');
      await until(id, ['RUNNING']);
      await boucle.kill();
      await lapseHeartbeats(database);
      held.delete('/held/two');
      boucle = await startBoucle({ databaseUrl: database.url, home: boucle.home, env: env() });
      for (let tries = 0; tries < 600 && !held.has('/held/two'); tries++) await delay(100);
      held.get('/held/two')!();
      expect(await until(id)).toMatchObject({ state: 'READY', number: 1, rows: 1 });
      const { dataset } = await boucle.ask(
        '{ dataset(name: "survivor") { extractions { nodes { id } } } }',
        {},
        engineer,
      );
      expect(dataset.extractions.nodes).toHaveLength(1);
    });
  });

  describe('uploads', () => {
    it.each([
      ['csv', 'CSV', 'text/csv', 'a,b\n1,x\n2,y\n'],
      ['json', 'JSON', 'application/json', '[{"a":1,"b":"x"},{"a":2,"b":"y"}]'],
      ['ndjson', 'NDJSON', 'application/x-ndjson', '{"a":1,"b":"x"}\n{"a":2,"b":"y"}\n'],
      ['gzip', 'CSV', 'application/gzip', gzipSync('a,b\n1,x\n2,y\n')],
      ['untyped', 'CSV', '', 'a,b\n1,x\n2,y\n'],
    ])('take %s', async (name, format, type, body) => {
      await create(`up-${name}`, { kind: 'UPLOAD', format });
      const response = await upload(`up-${name}`, body, type === '' ? {} : { 'content-type': type });
      expect(response.status).toBe(202);
      const { id, state } = (await response.json()) as { id: string; state: string };
      expect(state).toBe('QUEUED');
      expect(await until(id)).toMatchObject({ state: 'READY', rows: 2, sourceBytes: Buffer.byteLength(body) });
    });

    it('give the same version as a download that comes back as Parquet', async () => {
      const parquet = await (
        await boucle.fetch('/v1/datasets/up-csv/versions/1/download', { token: engineer })
      ).arrayBuffer();
      await create('up-parquet', { kind: 'UPLOAD', format: 'PARQUET' });
      const { id } = (await (await upload('up-parquet', parquet)).json()) as { id: string };
      const version = await until(id);
      expect(version).toMatchObject({ state: 'READY', rows: 2 });
    });

    it('are refused beyond their size, empty, to the wrong dataset, and to viewers', async () => {
      const code = async (response: Promise<Response>) => {
        const { status } = await response;
        return status;
      };
      expect(await code(upload('up-csv', ''))).toBe(400);
      expect(await code(upload('sales', 'a\n1\n'))).toBe(409);
      expect(await code(upload('nowhere', 'a\n1\n'))).toBe(404);
      expect(await code(upload('up-csv', 'a\n1\n', {}, viewer))).toBe(403);
      const large = await upload('up-csv', Buffer.alloc(25_000_000, 'a\n'));
      expect(await large.json()).toMatchObject({ error: { code: 'LIMIT_EXCEEDED' } });
      const noUpload = await boucle.graphql('mutation { extractDataset(dataset: "up-csv") { id } }', {}, engineer);
      expect(noUpload.errors![0]!.message).toMatch(/POST \/v1\/datasets\/up-csv\/upload/);
    });

    it('pass the limit of JSON bodies, since they are streamed', async () => {
      const rows = Array.from({ length: 700_000 }, (_, i) => `{"i":${i}}`).join('\n');
      expect(rows.length).toBeGreaterThan(8 * 2 ** 20);
      const response = await upload('up-ndjson', rows, { 'content-type': 'application/json' });
      expect(response.status).toBe(202);
      const { id } = (await response.json()) as { id: string };
      expect(await until(id)).toMatchObject({ state: 'READY', rows: 700_000 });
    });

    it('leave nothing behind', async () => {
      // The version is READY a moment before its upload goes.
      const left = (): string[] => readdirSync(join(boucle.home, 'objects', 'uploads'));
      for (let tries = 0; tries < 50 && left().length > 0; tries++) await delay(100);
      expect(left()).toEqual([]);
    });
  });

  describe('a database as a source', () => {
    it('is read with a password that is encrypted at rest and never shown', async () => {
      const url = new URL(database.url);
      url.hostname = 'localhost';
      url.password = url.password || 'not-needed-here';
      const from = {
        kind: 'POSTGRES',
        connection: url.href,
        query: 'SELECT n AS id, n * 1.5 AS x FROM generate_series(1, 10) AS n',
      };
      const created = await create('from-db', from);
      expect(JSON.stringify(created.data)).not.toContain(url.password);
      const version = await extract('from-db');
      expect(version).toMatchObject({ state: 'READY', rows: 10, source: { kind: 'POSTGRES', query: from.query } });
      expect(version.source.connection).toBe(
        `postgres://${url.username}@localhost:${url.port}${url.pathname}`.replace('postgres:', url.protocol),
      );
      const rows = await database.query<{ dump: string }>(
        `SELECT row_to_json(d)::text || encode(sealed_connection, 'escape') AS dump FROM data_source d WHERE kind = 'POSTGRES'`,
      );
      expect(rows).toHaveLength(1);
      expect(rows[0]!.dump).not.toContain(encodeURIComponent(url.password));
      expect(rows[0]!.dump).not.toContain(decodeURIComponent(url.password));
      expect(boucle.output()).not.toContain(`:${url.password}@`);
    });
  });

  it('shows viewers no values, no tokens and no SQL', async () => {
    pages.set('/private.csv?sig=t0ken', 'name,pay\nAnn,1\nBob,2\n');
    await create('private', csv('/private.csv?sig=t0ken'), { filter: "name <> 'Eve'" });
    await extract('private');
    pages.set('/private.csv?sig=t0ken', 'name,pay\nAnn,much\n');
    await boucle.ask(
      'mutation ($input: UpdateDatasetInput!) { updateDataset(input: $input) { id } }',
      {
        input: {
          name: 'private',
          source: csv('/private.csv?sig=t0ken'),
          options: { casts: [{ column: 'pay', type: 'NUMBER' }] },
        },
      },
      engineer,
    );
    expect((await extract('private')).failure).toContain('much');
    const query = `{ dataset(name: "private") { source { url options } extractions { nodes { ${VERSION} } } } }`;
    const seen = await boucle.ask(query, {}, viewer);
    expect(JSON.stringify(seen)).not.toMatch(/Ann|Bob|Eve|much|t0ken/);
    const [failed, ready] = seen.dataset.extractions.nodes;
    expect(failed).toMatchObject({ failure: 'The extraction failed. An engineer can see why.' });
    expect(ready.profile).toEqual([
      { name: 'name', type: 'STRING', nulls: 0, distinct: 2, exact: true },
      { name: 'pay', type: 'INTEGER', nulls: 0, distinct: 2, exact: true },
    ]);
    expect(JSON.stringify(await boucle.ask(query, {}, engineer))).toMatch(/t0ken/);
  });

  describe('a schedule', () => {
    const set = (input: object, token = engineer) =>
      boucle.graphql(
        `mutation ($input: ExtractionScheduleInput!) {
          setExtractionSchedule(input: $input) { cron timeZone enabled nextAt lastTick failure } }`,
        { input },
        token,
      );
    const of = async (name: string) =>
      (
        await boucle.ask(
          'query ($d: String!) { dataset(name: $d) { schedule { cron timeZone enabled nextAt lastTick failure } } }',
          { d: name },
          viewer,
        )
      ).dataset.schedule;

    it('is set, replaced, switched off and removed', async () => {
      await create('nightly', csv('/nightly.csv'));
      expect(await of('nightly')).toBeNull();
      const cron = '30 2 * * *';
      const first = await set({ dataset: 'nightly', cron, timeZone: 'Europe/Paris' });
      expect(first.errors).toBeUndefined();
      const { nextAt, ...rest } = await of('nightly');
      expect(rest).toEqual({ cron, timeZone: 'Europe/Paris', enabled: true, lastTick: null, failure: null });
      expect(nextAt).toMatch(/T0[01]:30:00.000Z$/);
      await set({ dataset: 'nightly', cron: '0 6 * * MON', enabled: false });
      expect(await of('nightly')).toMatchObject({ cron: '0 6 * * MON', timeZone: 'UTC', enabled: false, nextAt: null });
      await boucle.ask('mutation { removeExtractionSchedule(dataset: "nightly") }', {}, engineer);
      expect(await of('nightly')).toBeNull();
      const audited = await database.query<{ action: string; details: object }>(
        `SELECT action, details FROM audit_event WHERE action LIKE 'dataset.%scheduled' ORDER BY id`,
      );
      expect(audited.map(({ action }) => action)).toEqual([
        'dataset.scheduled',
        'dataset.scheduled',
        'dataset.unscheduled',
      ]);
      expect(audited[0]!.details).toEqual({ cron, timeZone: 'Europe/Paris', enabled: true });
    });

    it('extracts by itself, and is done with its dataset', async () => {
      pages.set('/often.csv', 'a,b\n1,2\n');
      await create('often', csv('/often.csv'));
      await set({ dataset: 'often', cron: '*/10 * * * * *' });
      const versions = async () =>
        (
          await boucle.ask(
            '{ dataset(name: "often") { schedule { lastTick failure } extractions(first: 1) { nodes { state requestedBy } } } }',
            {},
            engineer,
          )
        ).dataset;
      let dataset = await versions();
      for (let tries = 0; tries < 200 && dataset.extractions.nodes[0]?.state !== 'READY'; tries++) {
        await delay(100);
        dataset = await versions();
      }
      await set({ dataset: 'often', cron: '*/10 * * * * *', enabled: false });
      expect(dataset.extractions.nodes).toEqual([{ state: 'READY', requestedBy: null }]);
      expect(dataset.schedule.lastTick).toMatch(/:[0-5]0\.000Z$/);
      expect(dataset.schedule.failure).toBeNull();
      await boucle.ask('mutation { deleteDataset(name: "often") }', {}, engineer);
      expect(await database.query('SELECT 1 FROM dataset_schedule')).toEqual([]);
    });

    it.each([
      ['never fires', { cron: '0 0 30 2 *' }, 'BAD_INPUT', /never fires/],
      ['fires too often', { cron: '*/5 * * * * *' }, 'BAD_INPUT', /every 5 s.*at least 10 s/],
      ['cannot be read', { cron: '61 * * * *' }, 'BAD_INPUT', /minute/],
      ['has no such time zone', { cron: '0 0 * * *', timeZone: 'Mars/Base' }, 'BAD_INPUT', /time zone/],
      ['is of no dataset', { dataset: 'nowhere', cron: '0 0 * * *' }, 'NOT_FOUND', /nowhere/],
    ])('is refused if it %s', async (_, input, code, message) => {
      const { errors } = await set({ dataset: 'sales', ...input });
      expect(errors![0]).toMatchObject({ message: expect.stringMatching(message), extensions: { code } });
    });

    it('is refused for uploads and to viewers', async () => {
      await create('by-hand', { kind: 'UPLOAD', format: 'CSV' });
      const { errors } = await set({ dataset: 'by-hand', cron: '0 0 * * *' });
      expect(errors![0]).toMatchObject({
        message: expect.stringMatching(/updateDataset/),
        extensions: { code: 'INVALID_STATE' },
      });
      expect((await set({ dataset: 'sales', cron: '0 0 * * *' }, viewer)).errors![0]!.extensions.code).toBe(
        'FORBIDDEN',
      );
      const none = await boucle.graphql('mutation { removeExtractionSchedule(dataset: "sales") }', {}, engineer);
      expect(none.errors![0]!.extensions.code).toBe('NOT_FOUND');
    });
  });

  describe('bad input', () => {
    it.each([
      ['a name with blanks', 'my data', () => csv('/x'), {}, /can't be the name/],
      [
        'an internal address',
        'inner',
        () => ({ kind: 'HTTP', url: 'https://169.254.169.254/x', format: 'CSV' }),
        {},
        /SOURCE_ALLOW_LIST/,
      ],
      ['plain http', 'plain', () => ({ kind: 'HTTP', url: 'http://example.org/x', format: 'CSV' }), {}, /https/],
      ['no format', 'formless', () => ({ kind: 'HTTP', url: 'https://example.org/x' }), {}, /source\.format/],
      ['a query without connection', 'lost', () => ({ kind: 'POSTGRES', query: 'SELECT 1' }), {}, /source\.connection/],
      [
        'a field of another kind',
        'mixed',
        () => ({ kind: 'UPLOAD', format: 'CSV', url: 'https://example.org' }),
        {},
        /url/,
      ],
      ['a long delimiter', 'wide', () => csv('/x'), { delimiter: ';;' }, /options\.delimiter/],
      ['doubled names', 'twice', () => csv('/x'), { names: ['a', 'A'] }, /options\.names/],
    ])('refuses %s', async (_, name, from, options, message) => {
      const { errors } = await create(name, from(), options);
      expect(errors![0]).toMatchObject({ message: expect.stringMatching(message), extensions: { code: 'BAD_INPUT' } });
    });

    it('refuses a name twice, unknown datasets and versions, and viewers', async () => {
      expect((await create('sales', csv('/x'))).errors![0]!.extensions.code).toBe('CONFLICT');
      const code = async (query: string, token = engineer) =>
        (await boucle.graphql(query, {}, token)).errors![0]!.extensions.code;
      expect(await code('{ dataset(name: "nowhere") { id } }')).toBe('NOT_FOUND');
      expect(await code('mutation { extractDataset(dataset: "nowhere") { id } }')).toBe('NOT_FOUND');
      expect(await code(`{ datasetVersion(id: "${randomUUID()}") { id } }`)).toBe('NOT_FOUND');
      expect(await code('{ datasetVersion(id: "7") { id } }')).toBe('BAD_INPUT');
      expect(await code('{ datasetRows(dataset: "slow") }')).toBe('NOT_FOUND');
      expect(await code('mutation { deleteDataset(name: "sales") }', viewer)).toBe('FORBIDDEN');
    });
  });

  describe('deletion', () => {
    const gone = async (hash: string): Promise<boolean> => {
      for (let tries = 0; tries < 100; tries++) {
        if (!objects().includes(`${hash}.parquet`)) return true;
        await delay(100);
      }
      return false;
    };

    it('frees an object once the last version that shares it is gone', async () => {
      pages.set('/shared.csv', 'k,v\n1,2\n');
      await create('twin-a', csv('/shared.csv'));
      await create('twin-b', csv('/shared.csv'));
      const a = await extract('twin-a');
      const b = await extract('twin-b');
      expect(a.contentHash).toBe(b.contentHash);
      await boucle.ask('mutation { deleteDatasetVersion(dataset: "twin-a", version: 1) }', {}, engineer);
      await delay(2000);
      expect(objects()).toContain(`${a.contentHash}.parquet`);
      // The number of a deleted version is not given again.
      expect(await extract('twin-a')).toMatchObject({ state: 'READY', number: 2 });
      await boucle.ask('mutation { a: deleteDataset(name: "twin-a") b: deleteDataset(name: "twin-b") }', {}, engineer);
      expect(await gone(a.contentHash)).toBe(true);
      const audited = await database.query(
        `SELECT action FROM audit_event WHERE action LIKE 'dataset%.deleted' AND details->>'name' LIKE 'twin-%' ORDER BY id`,
      );
      expect(audited.map(({ action }) => action)).toEqual([
        'dataset_version.deleted',
        'dataset.deleted',
        'dataset.deleted',
      ]);
    });
  });

  it('reads Adult by API calls alone', async () => {
    const folder = new URL('../../../shared/data/', import.meta.url);
    if (!existsSync(folder)) return;
    pages.set('/adult.csv', readFileSync(new URL('adult-train.csv', folder)));
    const names =
      'age,workclass,fnlwgt,education,education_num,marital_status,occupation,relationship,race,sex,capital_gain,capital_loss,hours_per_week,native_country,income'.split(
        ',',
      );
    await create('adult', csv('/adult.csv'), { names, trim: true, nullMarkers: ['?'] });
    const version = await extract('adult');
    expect(version).toMatchObject({ state: 'READY', rows: 32_561 });
    expect(version.profile.at(-1).top).toEqual([
      { value: '<=50K', count: 24_720 },
      { value: '>50K', count: 7841 },
    ]);
  });
});
