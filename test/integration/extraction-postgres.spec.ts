import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { openPostgres } from '../../src/datasets/extraction/postgres-source.js';
import { createTestDatabase, TestDatabase } from '../support/database.js';
import { run } from './extraction-harness.js';

describe('a PostgreSQL query as a source', () => {
  let database: TestDatabase;
  let connection: string;
  const outbound = { allowList: ['127.0.0.1', 'localhost'] };

  beforeAll(async () => {
    database = await createTestDatabase();
    connection = database.url;
    await database.query(`
      CREATE TABLE sale AS
      SELECT n AS id, n / 4.0 AS amount, n % 2 = 0 AS paid, DATE '2020-01-01' + n AS day,
             TIMESTAMPTZ '2020-01-01 10:00:00+02' + n * interval '1 hour' AS at,
             CASE n % 4 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN 'a "quoted", text' ELSE E'two\\nlines' END AS note,
             ARRAY[n, n + 1] AS pair
      FROM generate_series(1, 2500) AS n`);
  });
  afterAll(() => database.drop());

  const query = (sql: string) => run({ kind: 'POSTGRES', connection, query: sql }, {}, { outbound });

  it('keeps types, and tells NULL from empty text', async () => {
    const { rows, columns, rowsRead } = await query('SELECT * FROM sale ORDER BY id;');
    expect(rows).toBe(2500);
    expect(columns).toEqual([
      { name: 'id', type: 'INTEGER' },
      { name: 'amount', type: 'NUMBER' },
      { name: 'paid', type: 'BOOLEAN' },
      { name: 'day', type: 'DATE' },
      { name: 'at', type: 'TIMESTAMP' },
      { name: 'note', type: 'STRING' },
      { name: 'pair', type: 'STRING' },
    ]);
    expect(rowsRead.slice(0, 4).map(({ note }) => note)).toEqual(['', 'a "quoted", text', 'two\nlines', null]);
    expect(rowsRead[0]).toMatchObject({
      id: 1,
      amount: 0.25,
      paid: false,
      day: '2020-01-02',
      at: '2020-01-01T09:00:00.000000Z',
      pair: '{1,2}',
    });
  });

  it("never sends this server's own PGPASSWORD to a host that a user names", async () => {
    let received = '';
    // The edge of a hostile server: it asks for the password in clear text, and listens.
    const server = createServer((socket) => {
      socket.once('data', () => socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3])));
      socket.on('data', (chunk) => (received += chunk.toString('latin1')));
      setTimeout(() => socket.destroy(), 300);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    process.env['PGPASSWORD'] = 'canary-password';
    try {
      const { port } = server.address() as AddressInfo;
      const hostile = `postgres://user@127.0.0.1:${port}/any?sslmode=disable`;
      await expect(
        run({ kind: 'POSTGRES', connection: hostile, query: 'SELECT 1' }, {}, { outbound }),
      ).rejects.toThrow();
    } finally {
      delete process.env['PGPASSWORD'];
      server.close();
    }
    expect(received).not.toContain('canary-password');
    expect(received).toContain('user');
  });

  it('applies filters to the typed rows', async () => {
    const source = { kind: 'POSTGRES' as const, connection, query: 'SELECT id, amount FROM sale ORDER BY id' };
    await expect(run(source, { filter: 'id <= 10', select: 'amount * 4 AS id4' }, { outbound })).resolves.toMatchObject(
      {
        rows: 10,
        columns: [{ name: 'id4', type: 'NUMBER' }],
      },
    );
  });

  it.each([
    ['DELETE FROM sale RETURNING id', 'BAD_INPUT', /refused the query/],
    ["SELECT setval('nothing', 1)", 'BAD_INPUT', /refused the query/],
    ['SELECT 1; DROP TABLE sale', 'BAD_INPUT', /refused the query/],
    ['SELECT 1; COMMIT; DROP TABLE sale', 'BAD_INPUT', /refused the query/],
    ['SELECT missing FROM sale', 'BAD_INPUT', /column "missing" does not exist/],
    ['SELECT id, id FROM sale', 'BAD_INPUT', /"id" twice/],
    ['SELECT 1 / (id - id) FROM sale', 'BAD_INPUT', /division by zero/],
    ['SELECT id FROM sale WHERE false', 'BAD_INPUT', /no rows/],
  ])('answers %s with %s', async (sql, code, message) => {
    await expect(query(sql)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    await expect(database.query('SELECT count(*)::int AS n FROM sale')).resolves.toEqual([{ n: 2500 }]);
  });

  it('may not write through a function either', async () => {
    await database.query(`
      CREATE FUNCTION sneaky() RETURNS integer LANGUAGE sql AS $$ INSERT INTO sale (id) VALUES (-1) RETURNING 1 $$`);
    await expect(query('SELECT sneaky()')).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringMatching(/change data/),
    });
  });

  it('keeps rows of any width out of memory while the reader is slow', async () => {
    const signal = new AbortController().signal;
    const sql = `SELECT n, repeat('x', 500000) AS wide FROM generate_series(1, 400) AS n`;
    const rows = await openPostgres({ connection, query: sql }, { policy: outbound, signal, timeoutMs: 60_000 });
    let [bytes, most] = [0, 0];
    for await (const chunk of rows.csv as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      most = Math.max(most, rows.csv.readableLength);
      if (bytes < 20_000_000) await delay(20);
    }
    await rows.release();
    expect(bytes).toBeGreaterThan(400 * 500_000);
    expect(most).toBeLessThan(3_000_000);
  });

  it('ends in the middle, and leaves no connection', async () => {
    const stop = new AbortController();
    const sql = `SELECT n AS here_in_the_middle, repeat('x', 500000) AS wide FROM generate_series(1, 4000) AS n`;
    const request = { policy: outbound, signal: stop.signal, timeoutMs: 60_000 };
    const rows = await openPostgres({ connection, query: sql }, request);
    const reading = (async () => {
      for await (const chunk of rows.csv as AsyncIterable<Buffer>)
        if (chunk.length > 0) stop.abort(new Error('enough'));
    })();
    await expect(reading).rejects.toThrow('enough');
    await rows.release();
    const left = `SELECT 1 FROM pg_stat_activity WHERE application_name = 'boucle' AND datname = current_database()`;
    for (let tries = 0; tries < 50 && (await database.query(left)).length > 0; tries++) await delay(100);
    expect(await database.query(left)).toEqual([]);
  });

  it('refuses a row that is larger than an extraction takes', async () => {
    const wide = query(`SELECT n, repeat('x', 100000000) AS wide FROM generate_series(1, 2) AS n`);
    await expect(wide).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringMatching(/A row of the query/),
    });
  });

  it('is held to its time', async () => {
    const slow = run(
      { kind: 'POSTGRES', connection, query: 'SELECT pg_sleep(30)' },
      {},
      {
        outbound,
        limits: { ...(await import('../../src/datasets/extraction/limits.js')).DEFAULT_LIMITS, timeoutMs: 1000 },
      },
    );
    await expect(slow).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });

  it('ends when cancelled', async () => {
    const stop = new AbortController();
    const slow = run(
      { kind: 'POSTGRES', connection, query: 'SELECT pg_sleep(30)' },
      {},
      { outbound, signal: stop.signal },
    );
    setTimeout(() => {
      stop.abort(new Error('cancelled'));
    }, 300);
    await expect(slow).rejects.toThrow('cancelled');
  });

  it('refuses internal hosts that are not allowed, wrong logins and hosts that are not there', async () => {
    const source = (url: string) => ({ kind: 'POSTGRES' as const, connection: url, query: 'SELECT 1 AS one' });
    await expect(run(source(connection), {}, { outbound: { allowList: [] } })).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringMatching(/internal address/),
    });
    const nobody = new URL(connection);
    nobody.username = 'nobody';
    nobody.password = 'x';
    await expect(run(source(nobody.href), {}, { outbound })).rejects.toMatchObject({
      code: 'UPSTREAM_FAILED',
      message: expect.stringMatching(/refused the login/),
    });
    const elsewhere = new URL(connection);
    elsewhere.port = '1';
    await expect(run(source(elsewhere.href), {}, { outbound })).rejects.toMatchObject({
      code: 'UPSTREAM_FAILED',
      message: expect.stringMatching(/refused the connection/),
    });
  });
});
