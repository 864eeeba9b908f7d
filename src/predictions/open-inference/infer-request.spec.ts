import type { Signature } from '../../ml/schema/signature.js';
import { rowsFromColumns } from '../columnar-rows.js';
import { DATATYPES } from './datatypes.js';
import { columnsOf, inferRequestSchema } from './infer-request.js';

const SIGNATURE: Signature = {
  task: 'REGRESSION',
  target: 'y',
  features: [
    { name: 'a', type: 'NUMBER', nullable: true },
    { name: 'b', type: 'STRING', nullable: true },
  ],
};

async function rowsOf(inputs: unknown): Promise<unknown[]> {
  const { inputs: tensors } = inferRequestSchema.parse({ inputs });
  const { rows, columns } = columnsOf(SIGNATURE, tensors);
  return (await rowsFromColumns(columns, rows)).map((row) => ({ ...row }));
}

const tensor = (name: string, datatype: string, data: unknown[], shape = [data.length]) => ({
  name,
  datatype,
  shape,
  data,
});

describe('one input per column', () => {
  it.each([
    ['flat, [N]', tensor('a', 'FP32', [1, 2])],
    ['flat, [N, 1]', tensor('a', 'FP32', [1, 2], [2, 1])],
    ['nested, [N, 1]', tensor('a', 'FP32', [[1], [2]], [2, 1])],
  ])('is read: %s', async (_, input) => {
    expect(await rowsOf([input])).toEqual([{ a: 1 }, { a: 2 }]);
  });

  it('may come in any order, and null is missing', async () => {
    const rows = await rowsOf([tensor('b', 'BYTES', ['x', null]), tensor('a', 'INT64', [null, 7])]);
    expect(rows).toEqual([
      { a: null, b: 'x' },
      { a: 7, b: null },
    ]);
  });

  it('is read with its content type: str or base64', async () => {
    const encoded = { ...tensor('b', 'BYTES', [Buffer.from('né').toString('base64'), null]) };
    expect(await rowsOf([{ ...encoded, parameters: { content_type: 'base64' } }])).toEqual([{ b: 'né' }, { b: null }]);
    expect(await rowsOf([{ ...tensor('b', 'BYTES', ['né']), parameters: { content_type: 'str' } }])).toEqual([
      { b: 'né' },
    ]);
  });
});

describe('one matrix', () => {
  it.each([
    ['flat', [1, 2, 3, 4, 5, 6]],
    [
      'nested',
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
    ],
  ])('holds the columns in the order of the signature: %s', async (_, data) => {
    expect(await rowsOf([tensor('anything', 'FP64', data, [3, 2])])).toEqual([
      { a: 1, b: 2 },
      { a: 3, b: 4 },
      { a: 5, b: 6 },
    ]);
  });
});

describe('elements', () => {
  const most: Record<string, unknown> = {
    BOOL: true,
    UINT8: 255,
    UINT16: 65_535,
    UINT32: 4_294_967_295,
    UINT64: 2 ** 53 - 1,
    INT8: -128,
    INT16: -32_768,
    INT32: -2_147_483_648,
    INT64: -(2 ** 53 - 1),
    FP16: 65_504,
    FP32: 3.4e38,
    FP64: 1e300,
    BYTES: 'text',
  };
  const wrong: Record<string, unknown> = {
    BOOL: 2,
    UINT8: 256,
    UINT16: -1,
    UINT32: 2 ** 32,
    UINT64: 0.5,
    INT8: 128,
    INT16: 32_768,
    INT32: 2 ** 31,
    INT64: '1',
    FP16: 65_505,
    FP32: 1e39,
    FP64: 'one',
    BYTES: 1,
  };

  it.each(DATATYPES)('of %s are taken as they are, others refused', async (datatype) => {
    expect(await rowsOf([tensor('a', datatype, [most[datatype], null])])).toEqual([{ a: most[datatype] }, { a: null }]);
    await expect(rowsOf([tensor('a', datatype, [null, wrong[datatype]])])).rejects.toThrow(
      `Input "a": element 1 must be `,
    );
  });

  it.each(['no base64', 'abc', Buffer.from([0xff]).toString('base64')])(
    'that are no text in base64: %s',
    async (text) => {
      const input = { ...tensor('b', 'BYTES', [text]), parameters: { content_type: 'base64' } };
      await expect(rowsOf([input])).rejects.toThrow('Input "b": element 0 must be UTF-8 text in base64');
    },
  );
});

describe('what does not fit', () => {
  it.each([
    ['a negative dimension', [tensor('a', 'FP32', [1], [-1])], 'negative dimension'],
    ['two negative ones', [tensor('a', 'FP32', [1, 2], [-1, -2])], 'negative dimension'],
    ['no dimension', [tensor('a', 'FP32', [1], [])], 'neither [rows] nor [rows, columns]'],
    ['three dimensions', [tensor('a', 'FP32', [1], [1, 1, 1])], 'neither [rows] nor [rows, columns]'],
    ['too few elements', [tensor('a', 'FP32', [1], [2])], 'means 2 elements, but data has 1'],
    ['too many elements', [tensor('a', 'FP32', [1, 2, 3], [2])], 'means 2 elements, but data has 3'],
    ['too few lists', [tensor('a', 'FP32', [[1, 2]], [2, 2])], 'nested data must be 2 lists of 2'],
    ['lists of different lengths', [tensor('a', 'FP32', [[1, 2], [3]], [2, 2])], 'nested data must be 2 lists of 2'],
    ['a list among elements', [tensor('a', 'FP32', [1, [2]])], 'element 1 must be'],
    ['another number of rows', [tensor('a', 'FP32', [1]), tensor('b', 'BYTES', ['x', 'y'])], 'has 2 rows, but'],
    ['an unknown input', [tensor('a', 'FP32', [1]), tensor('c', 'FP32', [1])], "not one of the model's: a, b"],
    ['an input twice', [tensor('a', 'FP32', [1]), tensor('a', 'FP32', [1])], 'is there twice'],
    ['a matrix of other width', [tensor('x', 'FP32', [1, 2, 3], [1, 3])], 'has 3 columns, the model 2: a, b'],
    [
      'a matrix beside others',
      [tensor('a', 'FP32', [1, 2], [1, 2]), tensor('b', 'BYTES', ['x'])],
      'each is one column',
    ],
    [
      'an unknown content type',
      [{ ...tensor('b', 'BYTES', ['x']), parameters: { content_type: 'png' } }],
      'content_type',
    ],
  ])('%s', async (_, inputs, problem) => {
    await expect(rowsOf(inputs)).rejects.toThrow(problem);
  });

  it.each([
    ['no inputs', []],
    ['another datatype', [tensor('a', 'FP8', [1])]],
    ['data that is no list', [{ ...tensor('a', 'FP32', [1]), data: 'x' }]],
    ['a shape of fractions', [tensor('a', 'FP32', [1], [0.5])]],
  ])('by its form: %s', (_, inputs) => {
    expect(inferRequestSchema.safeParse({ inputs }).success).toBe(false);
  });
});
