import { existsSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { run, runUpload } from './extraction-harness.js';

const typesOf = (columns: readonly { name: string; type: string }[]) =>
  Object.fromEntries(columns.map(({ name, type }) => [name, type]));

describe('reading CSV', () => {
  it('finds types, keeps empty fields missing and reads quoted numbers', async () => {
    const csv =
      'id,price,ok,day,at,city\n1,"2.5",true,2012-01-01,2012-01-01 10:00:00,"Paris, FR"\n2,,FALSE,2012-12-31,2012-01-01T10:00:00+02:00,\n';
    const { columns, rowsRead, rows } = await runUpload(csv);
    expect(typesOf(columns)).toEqual({
      id: 'INTEGER',
      price: 'NUMBER',
      ok: 'BOOLEAN',
      day: 'DATE',
      at: 'TIMESTAMP',
      city: 'STRING',
    });
    expect(rows).toBe(2);
    expect(rowsRead).toEqual([
      { id: 1, price: 2.5, ok: true, day: '2012-01-01', at: '2012-01-01T10:00:00.000000Z', city: 'Paris, FR' },
      { id: 2, price: null, ok: false, day: '2012-12-31', at: '2012-01-01T08:00:00.000000Z', city: null },
    ]);
  });

  it('takes names for a headerless file, trims, and reads null markers and decimal commas', async () => {
    const csv = ' 39 ; Private ;1,5\n ? ; ?;2,25\n';
    const { columns, rowsRead } = await runUpload(csv, {
      names: ['age', 'work', 'score'],
      trim: true,
      nullMarkers: ['?'],
      decimalComma: true,
    });
    expect(typesOf(columns)).toEqual({ age: 'INTEGER', work: 'STRING', score: 'NUMBER' });
    expect(rowsRead).toEqual([
      { age: 39, work: 'Private', score: 1.5 },
      { age: null, work: null, score: 2.25 },
    ]);
  });

  it('says which marker of missing values would make a column numeric', async () => {
    const { notes, columns } = await runUpload('pm,x\n1,a\nNA,b\n');
    expect(columns[0]).toEqual({ name: 'pm', type: 'STRING' });
    expect(notes).toEqual([expect.stringMatching(/"pm" would be INTEGER .* nullMarkers/)]);
  });

  it('transcodes Latin-1 and unpacks gzip', async () => {
    const bytes = gzipSync(Buffer.from('ville,prix\nOrléans,5\nNîmes,7\n', 'latin1'));
    const { rowsRead } = await runUpload(bytes, { encoding: 'LATIN1' });
    expect(rowsRead).toEqual([
      { ville: 'Orléans', prix: 5 },
      { ville: 'Nîmes', prix: 7 },
    ]);
  });

  it('reads CRLF, a byte order mark, line breaks in quotes and doubled quotes', async () => {
    const { rowsRead } = await runUpload('\uFEFFa,b\r\n1,"two\r\nlines"\r\n2,"say ""hi"""\r\n');
    expect(rowsRead).toEqual([
      { a: 1, b: 'two\r\nlines' },
      { a: 2, b: 'say "hi"' },
    ]);
  });

  it('casts columns, also with a date format', async () => {
    const { columns, rowsRead } = await runUpload('zip,day,n\n01234,31/12/2012,39.0\n00010,01/02/2013,40\n', {
      casts: [
        { column: 'ZIP', type: 'STRING' },
        { column: 'day', type: 'DATE', format: '%d/%m/%Y' },
        { column: 'n', type: 'INTEGER' },
      ],
    });
    expect(typesOf(columns)).toEqual({ zip: 'STRING', day: 'DATE', n: 'INTEGER' });
    expect(rowsRead[0]).toEqual({ zip: '01234', day: '2012-12-31', n: 39 });
  });

  it('widens a type that only later rows contradict, losing nothing', async () => {
    const ints = Array.from({ length: 25_000 }, (_, i) => `${i},${i},2012-01-01`).join('\n');
    const { columns, rows } = await runUpload(`a,b,c\n${ints}\n1.5,1,2012-01-01 10:00:00\nx,2,2012-01-02\n`);
    expect(typesOf(columns)).toEqual({ a: 'STRING', b: 'INTEGER', c: 'STRING' });
    expect(rows).toBe(25_002);
  });

  it('keeps a fraction that follows 25,000 integers', async () => {
    const ints = Array.from({ length: 25_000 }, (_, i) => `${i},k`).join('\n');
    const { columns, profile } = await runUpload(`a,b\n${ints}\n24999.5,k\n`);
    expect(columns[0]).toEqual({ name: 'a', type: 'NUMBER' });
    expect(profile[0]!.max).toBe(24_999.5);
  });

  it('looks at all rows for a column whose first rows are empty', async () => {
    const empty = Array.from({ length: 21_000 }, (_, i) => `${i},`).join('\n');
    const { columns } = await runUpload(`a,late\n${empty}\n1,3.5\n`);
    expect(columns[1]).toEqual({ name: 'late', type: 'NUMBER' });
  });

  it('profiles an all-null column', async () => {
    const { profile } = await runUpload('a,nothing\n1,\n2,\n');
    expect(profile[1]).toEqual({ name: 'nothing', type: 'STRING', nulls: 2, distinct: 0, exact: true });
  });
});

describe('other formats', () => {
  it('reads JSON arrays and NDJSON; nested values become JSON text', async () => {
    const records = [
      { a: 1, b: 'x', day: '2012-01-01', deep: { list: [1, 2] } },
      { a: 2.5, b: null, day: '2012-01-02', deep: null },
    ];
    const array = await runUpload(JSON.stringify(records), {}, 'JSON');
    const lines = await runUpload(records.map((record) => JSON.stringify(record)).join('\n'), {}, 'NDJSON');
    expect(array.rowsRead).toEqual([
      { a: 1, b: 'x', day: '2012-01-01', deep: '{"list":[1,2]}' },
      { a: 2.5, b: null, day: '2012-01-02', deep: null },
    ]);
    expect(lines.rowsRead).toEqual(array.rowsRead);
    expect(lines.sha256).toBe(array.sha256);
  });

  it('takes the type of a JSON column from all rows if later ones contradict', async () => {
    const lines = [...Array.from({ length: 25_000 }, (_, i) => `{"a":${i}}`), '{"a":"text"}'].join('\n');
    const { columns, rows } = await runUpload(lines, {}, 'NDJSON');
    expect(columns).toEqual([{ name: 'a', type: 'STRING' }]);
    expect(rows).toBe(25_001);
  });

  it('does not round the numbers of JSON that follow many integers', async () => {
    const { columns, profile } = await runUpload(`${'{"n":1}\n'.repeat(20_500)}{"n":2.5}\n`, {}, 'NDJSON');
    expect(columns).toEqual([{ name: 'n', type: 'NUMBER' }]);
    expect(profile[0]).toMatchObject({ max: 2.5 });
  });

  it('applies casts, markers and trimming to JSON text too', async () => {
    const { rowsRead } = await runUpload(
      '[{"a":" 5 ","b":1},{"a":"?","b":0}]',
      {
        trim: true,
        nullMarkers: ['?'],
        casts: [
          { column: 'a', type: 'NUMBER' },
          { column: 'b', type: 'BOOLEAN' },
        ],
      },
      'JSON',
    );
    expect(rowsRead).toEqual([
      { a: 5, b: true },
      { a: null, b: false },
    ]);
  });
});

describe('row filter and column choice', () => {
  const csv = 'age,state,pay\n17,WA,10\n40,OR,20.5\n65,ca,30\n';

  it('filters on typed columns and computes new ones', async () => {
    const { columns, rowsRead } = await runUpload(csv, {
      filter: "age >= 18 AND upper(state) IN ('OR', 'CA')",
      select: 'age, upper(state) AS state, pay * 12 AS yearly, age > 60 AS senior',
    });
    expect(typesOf(columns)).toEqual({ age: 'INTEGER', state: 'STRING', yearly: 'NUMBER', senior: 'BOOLEAN' });
    expect(rowsRead).toEqual([
      { age: 40, state: 'OR', yearly: 246, senior: false },
      { age: 65, state: 'CA', yearly: 360, senior: true },
    ]);
  });

  it('understands EXCLUDE and comments', async () => {
    const { columns } = await runUpload(csv, { select: '* EXCLUDE (pay) -- not needed', filter: 'age > 20 -- adults' });
    expect(columns.map(({ name }) => name)).toEqual(['age', 'state']);
  });
});

describe('snapshots', () => {
  it('have the same bytes for the same rows, whatever the threads', async () => {
    const rows = Array.from({ length: 300_000 }, (_, i) => `${i},${(i * 7919) % 1000},city-${i % 97},${(i % 500) / 8}`);
    const csv = `id,n,city,x\n${rows.join('\n')}\n`;
    const hashes = new Set<string>();
    for (const threads of [1, 2, 4]) {
      const { sha256 } = await runUpload(csv, {}, 'CSV', { threads });
      hashes.add(sha256);
    }
    const again = await runUpload(csv, {}, 'CSV', { memoryLimit: '1GB' });
    hashes.add(again.sha256);
    expect(hashes.size).toBe(1);
    const [first, ...others] = rows;
    const moved = await runUpload(`id,n,city,x\n${[...others, first].join('\n')}\n`);
    expect(hashes).not.toContain(moved.sha256);
  });

  it('are profiled closely when large: counts in full, quantiles from a fixed sample', async () => {
    const rows = Array.from({ length: 450_000 }, (_, i) => {
      const n = (i * 7919) % 450_000;
      return `${i},${n % 1000},city-${n % 97},${(n % 90_000) / 8},2020-01-${String((n % 31) + 1).padStart(2, '0')}`;
    });
    const { profile } = await runUpload(`id,n,city,x,day\n${rows.join('\n')}\n`);
    const [id, n, city, x, day] = profile;
    const within = (value: unknown, expected: number, share: number) => {
      expect(Math.abs(Number(value) - expected)).toBeLessThan(expected * share);
    };
    expect(id).toMatchObject({ nulls: 0, distinct: 450_000, exact: false, min: 0, max: 449_999, mean: 224_999.5 });
    expect(id!.histogram!.counts).toEqual(new Array(20).fill(22_500));
    within(id!.quantiles!.find(({ probability }) => probability === 0.5)!.value, 225_000, 0.02);
    expect(n).toMatchObject({ distinct: 1000, min: 0, max: 999, mean: 499.5 });
    expect(city).toMatchObject({ distinct: 97 });
    expect(city!.top!.slice(0, 2)).toEqual([
      { value: 'city-0', count: 4640 },
      { value: 'city-1', count: 4640 },
    ]);
    within(x!.distinct, 90_000, 0.1);
    expect(day).toMatchObject({ distinct: 31, min: '2020-01-01', max: '2020-01-31' });
  });

  it('leave infinities and huge numbers out of the statistics', async () => {
    const { profile } = await runUpload('x,nan,huge\n1,nan,1e300\n2,1,-1e300\ninf,nan,1e300\n');
    expect(profile[0]).toMatchObject({ type: 'NUMBER', nulls: 0, distinct: 3, min: 1, max: 2, mean: 1.5 });
    expect(profile[1]).toMatchObject({ type: 'NUMBER', nulls: 2, min: 1, max: 1, histogram: { counts: [1] } });
    expect(profile[2]).toEqual({ name: 'huge', type: 'NUMBER', nulls: 0, distinct: 2, exact: true });
  });

  it('are profiled exactly when small', async () => {
    const csv = `x,label,day\n${Array.from({ length: 100 }, (_, i) => `${i},${i % 3 ? 'a' : 'b'},2012-01-${String((i % 31) + 1).padStart(2, '0')}`).join('\n')}\n`;
    const { profile } = await runUpload(csv);
    const [x, label, day] = profile;
    expect(x).toMatchObject({ nulls: 0, distinct: 100, exact: true, min: 0, max: 99, mean: 49.5 });
    expect(x!.std).toBeCloseTo(29.011491975882016, 10);
    expect(x!.quantiles!.find(({ probability }) => probability === 0.5)!.value).toBe(49.5);
    expect(x!.histogram!.counts).toEqual(new Array(20).fill(5));
    expect(x!.histogram!.edges).toHaveLength(21);
    expect(label).toMatchObject({
      distinct: 2,
      top: [
        { value: 'a', count: 66 },
        { value: 'b', count: 34 },
      ],
    });
    expect(day).toMatchObject({ min: '2012-01-01', max: '2012-01-31' });
    expect(day!.histogram!.counts.reduce((sum, n) => sum + n)).toBe(100);
  });
});

const DATA = new URL('../../../shared/data/', import.meta.url);
const describeWithData = existsSync(DATA) ? describe : describe.skip;

describeWithData('public data files', () => {
  it('reads Adult: headerless, padded, with ? for missing and dots after the labels of the test file', async () => {
    const names =
      'age,workclass,fnlwgt,education,education_num,marital_status,occupation,relationship,race,sex,capital_gain,capital_loss,hours_per_week,native_country,income'.split(
        ',',
      );
    const options = { names, trim: true, nullMarkers: ['?'] };
    const train = await runUpload(readFileSync(new URL('adult-train.csv', DATA)), options);
    expect(train.rows).toBe(32_561);
    expect(train.columns.filter(({ type }) => type === 'INTEGER')).toHaveLength(6);
    expect(train.profile.find(({ name }) => name === 'workclass')!.nulls).toBe(1836);
    expect(train.profile.find(({ name }) => name === 'income')!.top).toEqual([
      { value: '<=50K', count: 24_720 },
      { value: '>50K', count: 7841 },
    ]);
    const test = await runUpload(readFileSync(new URL('adult-test.csv', DATA)), {
      ...options,
      select: `* REPLACE (replace(income, '.', '') AS income)`,
    });
    expect(test.rows).toBe(16_281);
    expect(test.profile.at(-1)!.top!.map(({ value }) => value)).toEqual(['<=50K', '>50K']);
  });

  it('reads Beijing with NA and Wine without header', async () => {
    const beijing = await runUpload(readFileSync(new URL('beijing-pm25.csv', DATA)), { nullMarkers: ['NA'] });
    expect(beijing.rows).toBe(43_824);
    expect(beijing.profile.find(({ name }) => /pm2/i.test(name))).toMatchObject({ nulls: 2067 });
    const wine = await runUpload(readFileSync(new URL('winequality-red.csv', DATA)));
    expect(wine.columns.length).toBe(12);
  });
});

describe('progress and cancellation', () => {
  it('stops at once when asked, also inside DuckDB', async () => {
    const rows = Array.from({ length: 400_000 }, (_, i) => `${i},${i}`).join('\n');
    const stop = new AbortController();
    const phases: string[] = [];
    const running = runUpload(`a,b\n${rows}`, {}, 'CSV', {
      signal: stop.signal,
      onProgress: ({ phase }) => {
        phases.push(phase);
        if (phase === 'CONVERTING') stop.abort(new Error('cancelled by a user'));
      },
    });
    await expect(running).rejects.toThrow('cancelled by a user');
    expect(phases).toContain('CONVERTING');
  });

  it('reports its phases in order', async () => {
    const phases: string[] = [];
    await run(
      { kind: 'UPLOAD', format: 'CSV' },
      {},
      {
        openUpload: async () => (await import('node:stream')).Readable.from([Buffer.from('a\n1\n')]),
        onProgress: ({ phase }) => phases.push(phase),
      },
    );
    expect([...new Set(phases)]).toEqual(['READING', 'CONVERTING', 'PROFILING']);
  });
});
