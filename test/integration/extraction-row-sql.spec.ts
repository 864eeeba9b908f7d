import { runUpload } from './extraction-harness.js';

const csv = 'age,name,pay\n17,Ann,10\n40,Bob,20.5\n65,Cyd,30\n';

describe('SQL of a user', () => {
  it.each([
    ["name LIKE 'A%' OR pay BETWEEN 25 AND 35", 2],
    ["CASE WHEN age < 18 THEN true ELSE name = 'Bob' END", 2],
    ['NOT (age IN (17, 65)) AND pay IS NOT NULL', 1],
    ["regexp_matches(name, '^[AB]') AND coalesce(pay, 0) > 5", 2],
    ["DATE '2020-01-01' + INTERVAL 1 DAY > DATE '2020-01-01' AND age::DOUBLE / 2 > 10", 2],
    ['source.age > 20', 2],
    ['"AGE" > 20', 2],
  ])('may filter by %s', async (filter, rows) => {
    await expect(runUpload(csv, { filter })).resolves.toMatchObject({ rows });
  });

  it.each([
    ["age IN (SELECT 1 FROM read_csv('/etc/passwd'))", /subquery/],
    ['EXISTS (SELECT * FROM duckdb_settings())', /subquery/],
    ['age > (SELECT count(*) FROM source)', /subquery/],
    ["true) UNION ALL SELECT * FROM read_csv('/etc/passwd') --", /not valid SQL/],
    ["true) UNION ALL SELECT * FROM read_csv('/etc/passwd') WHERE (true", /may not use anything but/],
    ["true); COPY (SELECT 1) TO '/tmp/x.csv'; --", /not valid SQL|may not use/],
    ["true); ATTACH 'x.db'; SELECT (1", /not valid SQL|may not use/],
    ['true); INSTALL httpfs; SELECT (1', /not valid SQL|may not use/],
    ["true); SET memory_limit = '8GB'; SELECT (1", /not valid SQL|may not use/],
    ['true); PRAGMA threads = 9; SELECT (1', /not valid SQL|may not use/],
    ['true) ORDER BY (age', /may not use anything but/],
    ['true) LIMIT (1', /may not use anything but/],
    ["getenv('HOME') = ''", /function getenv/],
    ["current_setting('temp_directory') = ''", /function current_setting/],
    ["getvariable('x') = 1", /function getvariable/],
    ["write_log('x') IS NULL", /function write_log/],
    ["nextval('s') = 1", /function nextval/],
    ['random() < 0.5', /function random/],
    ["read_text('/etc/passwd') = ''", /function read_text/],
    ["length(repeat('x', 2000000000)) > age", /function repeat/],
    ["length(lpad('x', 2000000000, 'y')) > age", /function lpad/],
    ['len(range(1000000000)) > age', /function/],
    ["replace(name, 'n', 'nnnnnnnnnnnnnnnnnnnn') = ''", /replace with a text/],
    ["replace(name, '', 'x') = ''", /replace with a text/],
    ['list_sum(list_transform([1, 2], lambda x: x + 1)) > 1', /may not use/],
    ['row_number() OVER () = 1', /window/],
    ['count(*) > 1', /function count_star/],
    ["age = '[1]'::INTEGER[]", /cast to LIST/],
    ['height > 3', /no column "height"\. The columns are: age, name, pay/],
    ['other.age > 3', /no column "other.age"/],
    ['age >', /not valid SQL/],
    ['$1 = age', /may not use/],
    ['COLUMNS(*) IS NULL', /may not use/],
  ])('may not filter by %s', async (filter, message) => {
    await expect(runUpload(csv, { filter })).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringMatching(message),
    });
  });

  it.each([
    ["* FROM read_csv('/etc/passwd') --", /may not use anything but|not valid/],
    ["name, content FROM read_text('/etc/passwd'), source --", /may not use anything but|not valid/],
    ['name || name AS x, x || x AS y', /no column "x"/],
    ['sum(age) AS total', /function sum/],
    ['DISTINCT name', /may not use anything but/],
    ["COLUMNS('a.*')", /COLUMNS/],
    [`concat(${new Array(30).fill('name').join(', ')}) AS long`, /joining more than 20/],
    ['* REPLACE ((SELECT 1) AS age)', /subquery/],
  ])('may not choose %s', async (select, message) => {
    await expect(runUpload(csv, { select })).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringMatching(message),
    });
  });

  it('is told what is wrong with its types', async () => {
    await expect(runUpload(csv, { filter: 'sqrt(name) > 1' })).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await expect(runUpload(csv, { filter: 'CAST(name AS INTEGER) > 1' })).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringMatching(/row filter or its column choice cannot be converted: .*'Ann'/),
    });
  });
});
