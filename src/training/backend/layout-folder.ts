import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DATA_FILE, type Layout, layoutOf } from '../container/layout.js';

/** Folders are named by what they are for, so that what a killed worker left behind is found again. */
const FOLDER = 'boucle-training-';

/** What goes into a folder before work on it begins. */
export interface FolderContents {
  readonly files: (layout: Layout) => Readonly<Record<string, unknown>>;
  /** Copies the dataset's Parquet file to a local path. */
  readonly fetchData: (path: string, signal: AbortSignal) => Promise<void>;
}

/**
 * A temporary folder on the container layout, with the data and the files, as JSON, by path.
 * @param id of the run or search it is for; what an earlier attempt left is removed.
 */
export async function createLayout(
  id: string,
  { files, fetchData }: FolderContents,
  signal: AbortSignal,
): Promise<Layout> {
  await removeLeftovers(id);
  const layout = layoutOf(await mkdtemp(join(tmpdir(), `${FOLDER}${id}-`)));
  try {
    const folders = [layout.config, layout.training, layout.spec, layout.output];
    for (const folder of folders) await mkdir(folder, { recursive: true });
    for (const [path, content] of Object.entries(files(layout))) await writeFile(path, JSON.stringify(content));
    await fetchData(join(layout.training, DATA_FILE), signal);
    signal.throwIfAborted();
    return layout;
  } catch (error) {
    await removeLayout(layout);
    throw error;
  }
}

export async function removeLayout({ root }: Layout): Promise<void> {
  await rm(root, { recursive: true, force: true });
}

async function removeLeftovers(id: string): Promise<void> {
  const left = (await readdir(tmpdir())).filter((folder) => folder.startsWith(`${FOLDER}${id}-`));
  for (const folder of left) await rm(join(tmpdir(), folder), { recursive: true, force: true });
}
