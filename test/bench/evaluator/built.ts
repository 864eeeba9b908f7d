/** The built program's own code: Node runs these files as they are, but their imports only after the build. */
const built = (path: string): Promise<unknown> => import(new URL(`../../../dist/ml/${path}`, import.meta.url).href);

export const { compile } = (await built('onnx/compile.js')) as typeof import('../../../src/ml/onnx/compile.ts');
export const { decodeModel } = (await built('onnx/decode.js')) as typeof import('../../../src/ml/onnx/decode.ts');
export const { Random } = (await built(
  'statistics/random.js',
)) as typeof import('../../../src/ml/statistics/random.ts');
export const { batchOf, createTable, selectRows } = (await built(
  'train/table.js',
)) as typeof import('../../../src/ml/train/table.ts');
export const { TRAINERS } = (await built('train/trainer.js')) as typeof import('../../../src/ml/train/trainer.ts');
