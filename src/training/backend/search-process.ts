import { join } from 'node:path';
import type { Config } from '../../config/config.js';
import { type Layout, SEARCH_FILE, SPEC_FILE } from '../container/layout.js';
import type { SearchOrder } from '../container/search-order.js';
import { parseTrial, type TrialLine } from '../container/trial-line.js';
import { createLayout, type FolderContents, removeLayout } from './layout-folder.js';
import { LayoutProcess, type ProcessEnd } from './layout-process.js';
import { OutputTail } from './output-tail.js';

/** Output that tells of trials, too. Their lines are kept until they are recorded. */
class SearchOutput extends OutputTail {
  readonly trials: TrialLine[] = [];

  override add(line: string): void {
    const trial = parseTrial(line);
    if (trial) this.trials.push(trial);
    else super.add(line);
  }
}

/** A search as a child process of this worker. One whose worker dies goes on from what was recorded of it. */
export class SearchProcess {
  private constructor(
    private readonly layout: Layout,
    private readonly child: LayoutProcess,
    readonly output: SearchOutput,
  ) {}

  static async start(
    id: string,
    order: SearchOrder,
    fetchData: FolderContents['fetchData'],
    { config, signal }: { readonly config: Config; readonly signal: AbortSignal },
  ): Promise<SearchProcess> {
    const layout = await createLayout(id, { files: (folder) => filesOf(folder, order), fetchData }, signal);
    const output = new SearchOutput();
    return new SearchProcess(layout, new LayoutProcess('search', layout, config, output), output);
  }

  /** See {@link LayoutProcess.follow}. */
  async follow(signal: AbortSignal): Promise<ProcessEnd> {
    return this.child.follow(signal);
  }

  cancel(): void {
    this.child.stop('CANCELLED');
  }

  async release(): Promise<void> {
    await this.child.kill();
    await removeLayout(this.layout);
  }
}

function filesOf(layout: Layout, { spec, search }: SearchOrder): Record<string, unknown> {
  return { [join(layout.spec, SPEC_FILE)]: spec, [join(layout.spec, SEARCH_FILE)]: search };
}
