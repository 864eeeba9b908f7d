/**
 * Loaded into a server before its program (`node --import`): predictions are logged and not counted. Only for measuring
 * what counting costs; the program itself has no such switch.
 */
const built = (path: string): Promise<unknown> =>
  import(new URL(`../../../dist/predictions/counts/${path}`, import.meta.url).href);
const { RowBinner } = (await built('row-binner.js')) as typeof import('../../../src/predictions/counts/row-binner.ts');
const { WindowSums } = (await built(
  'batch-counts.js',
)) as typeof import('../../../src/predictions/counts/batch-counts.ts');

RowBinner.prototype.bin = () => new Uint32Array();
WindowSums.prototype.add = () => undefined;
WindowSums.prototype.values = () => [];
