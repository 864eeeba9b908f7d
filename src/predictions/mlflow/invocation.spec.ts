import type { Signature } from '../../ml/schema/signature.js';
import { readInvocation } from './invocation.js';

const SIGNATURE: Signature = {
  task: 'REGRESSION',
  target: 'y',
  features: [
    { name: 'a', type: 'NUMBER', nullable: true },
    { name: 'b', type: 'BOOLEAN', nullable: true },
  ],
};
const ONE_COLUMN: Signature = { ...SIGNATURE, features: [SIGNATURE.features[0]!] };

const EXPECTED = [
  { a: 1, b: true },
  { a: null, b: false },
];
const LISTS = [
  [1, true],
  [null, false],
];

async function read(body: unknown, contentType = 'application/json', signature = SIGNATURE): Promise<unknown[]> {
  const rows = await readInvocation(signature, { contentType, body }, 3);
  return rows.map((row) => ({ ...(row as object) }));
}

const csv = (text: string | Buffer, contentType = 'text/csv') => read(Buffer.from(text), contentType);

describe('JSON', () => {
  it.each([
    ['dataframe_split', { columns: ['a', 'b'], data: LISTS, index: [0, 1] }],
    ['dataframe_records', EXPECTED],
    ['instances', EXPECTED],
    ['instances', LISTS],
    ['inputs', { a: [1, null], b: [true, false] }],
    ['inputs', LISTS],
  ])('%s gives rows: %j', async (form, value) => {
    expect(await read({ [form]: value })).toEqual(EXPECTED);
  });

  it.each(['instances', 'inputs'])('%s of a model with one column may be bare values', async (form) => {
    expect(await read({ [form]: [1, null] }, 'application/json; charset=utf-8', ONE_COLUMN)).toEqual([
      { a: 1 },
      { a: null },
    ]);
  });

  it.each([
    ['nothing', undefined, 'exactly one key'],
    ['a list', [], 'exactly one key'],
    ['no form', { rows: [] }, 'exactly one key'],
    ['two forms', { instances: [], inputs: [] }, 'exactly one key'],
    ['a split without columns', { dataframe_split: { data: LISTS } }, 'must be an object with columns'],
    ['a column twice', { dataframe_split: { columns: ['a', 'a'], data: LISTS } }, 'different names'],
    ['a short row', { dataframe_split: { columns: ['a', 'b'], data: [[1, true], [1]] } }, 'dataframe_split.data[1]'],
    ['records that are no list', { dataframe_records: {} }, 'dataframe_records must be a list'],
    ['a row of other width', { instances: [[1, true, 2]] }, 'instances[0] must be a list of 2 values: a, b'],
    ['bare values for two columns', { instances: [1, 2] }, 'instances[0] must be a list of 2 values'],
    ['uneven columns', { inputs: { a: [1], b: [true, false] } }, 'inputs.b has 2 values, but the first column 1'],
    ['a column that is no list', { inputs: { a: 1 } }, 'inputs.a must be a list'],
    ['no rows', { inputs: {} }, 'at least one row'],
    ['too many rows', { instances: [LISTS[0], LISTS[0], LISTS[0], LISTS[0]] }, 'at most 3'],
  ])('%s is refused', async (_, body, problem) => {
    await expect(read(body)).rejects.toThrow(problem);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded'])('is not %s', async (contentType) => {
    await expect(read('{}', contentType)).rejects.toMatchObject({ code: 'UNSUPPORTED_MEDIA_TYPE' });
  });
});

describe('CSV', () => {
  const row = { a: '1', b: 'true' };

  it.each(['text/csv', 'text/csv; charset=utf-8', 'text/csv;charset="UTF-8"'])('is read as %s', async (type) => {
    expect(await csv('a,b\n1,True\n,False\n', type)).toEqual([row, { a: null, b: 'false' }]);
  });

  it('may begin with a byte order mark and hold quotes', async () => {
    expect(await csv('\uFEFF"a",b\r\n"1",true\r\n')).toEqual([row]);
  });

  it.each([
    ['another charset', csv('a,b\n1,True\n', 'text/csv; charset=iso-8859-1')],
    ['bytes that are no UTF-8', csv(Buffer.from([0x61, 0x0a, 0xe9]))],
  ])('in %s is not supported', async (_, reading) => {
    await expect(reading).rejects.toMatchObject({ code: 'UNSUPPORTED_MEDIA_TYPE' });
  });

  it.each([
    ['a,a\n1,2', 'each once'],
    ['a,b\n1', 'Line 2 has 1 values, the header 2'],
    ['a,b\n"1,2', 'Line 2: a quoted value does not end'],
    ['a,b\n', 'at least one row'],
    ['a\n1\n2\n3\n4\n', 'at most 3'],
  ])('%j is refused', async (text, problem) => {
    await expect(csv(text)).rejects.toThrow(problem);
  });
});
