/** The built program's own code: Node runs these files as they are, but not the decorators of src. */
const built = (path: string): Promise<unknown> => import(new URL(`../../../dist/${path}`, import.meta.url).href);

export const { judgeDrift } = (await built(
  'ml/statistics/drift/verdict.js',
)) as typeof import('../../../src/ml/statistics/drift/verdict.ts');
export const { count, numericBinning } = (await built(
  'ml/statistics/binning.js',
)) as typeof import('../../../src/ml/statistics/binning.ts');
export const { toWindowCountRow, WindowSums } = (await built(
  'predictions/counts/batch-counts.js',
)) as typeof import('../../../src/predictions/counts/batch-counts.ts');
export const { BinningRow } = (await built(
  'predictions/counts/binning.entity.js',
)) as typeof import('../../../src/predictions/counts/binning.entity.ts');
export const { Binnings } = (await built(
  'predictions/counts/binnings.js',
)) as typeof import('../../../src/predictions/counts/binnings.ts');
export const { WindowCompaction } = (await built(
  'predictions/counts/window-compaction.js',
)) as typeof import('../../../src/predictions/counts/window-compaction.ts');
export const { insertCounts } = (await built(
  'predictions/counts/window-count-rows.js',
)) as typeof import('../../../src/predictions/counts/window-count-rows.ts');
export const { WindowCounts } = (await built(
  'predictions/counts/window-counts.js',
)) as typeof import('../../../src/predictions/counts/window-counts.ts');
export const { insertPredictions } = (await built(
  'predictions/prediction-rows.js',
)) as typeof import('../../../src/predictions/prediction-rows.ts');
export const { PredictionPartitions } = (await built(
  'predictions/prediction-partitions.js',
)) as typeof import('../../../src/predictions/prediction-partitions.ts');
export const { startEmbeddedPostgres } = (await built(
  'platform/database/embedded/embedded-postgres.js',
)) as typeof import('../../../src/platform/database/embedded/embedded-postgres.ts');
