/** The built program's own code: Node runs these files as they are, but not the decorators of src. */
const built = (path: string): Promise<unknown> => import(new URL(`../../../dist/${path}`, import.meta.url).href);

export const { compile } = (await built('ml/onnx/compile.js')) as typeof import('../../../src/ml/onnx/compile.ts');
export const { decodeModel } = (await built('ml/onnx/decode.js')) as typeof import('../../../src/ml/onnx/decode.ts');
export const { batchOf, createTable, selectRows } = (await built(
  'ml/train/table.js',
)) as typeof import('../../../src/ml/train/table.ts');
export const { TRAINERS } = (await built('ml/train/trainer.js')) as typeof import('../../../src/ml/train/trainer.ts');
export const { describeReference } = (await built(
  'training/container/reference.js',
)) as typeof import('../../../src/training/container/reference.ts');
export const { startEmbeddedPostgres } = (await built(
  'platform/database/embedded/embedded-postgres.js',
)) as typeof import('../../../src/platform/database/embedded/embedded-postgres.ts');
