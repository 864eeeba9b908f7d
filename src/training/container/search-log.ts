import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Layout, SEARCH_LOG_FILE } from './layout.js';
import { parseProgress } from './progress-line.js';
import { parseTrial, type TrialLine } from './trial-line.js';

/** Between two writings: soon at first, so that people see something, then less often. */
const FIRST_PAUSE_MS = 500;
const PAUSE_GROWTH = 1.2;
const LONGEST_PAUSE_MS = 10_000;

/**
 * The lines of a search's output in a file among the checkpoints, with the last progress only. Where the platform keeps
 * those, it copies the file to a bucket as it grows, for whoever follows the search, and back for the next machine.
 */
export class SearchLog {
  private progress: string | undefined;
  private timer: NodeJS.Timeout | undefined;
  private pauseMs = FIRST_PAUSE_MS;
  private writing = Promise.resolve();

  private constructor(
    private readonly layout: Layout,
    private readonly lines: string[],
    private readonly tell: (line: string) => void,
  ) {}

  /** @param tell takes each line, too. */
  static async open(layout: Layout, tell: (line: string) => void): Promise<SearchLog> {
    await mkdir(layout.checkpoints, { recursive: true });
    const lines = await linesOf(join(layout.checkpoints, SEARCH_LOG_FILE));
    if (lines.length > 0) tell(`going on after an interruption, behind ${lines.length} lines`);
    return new SearchLog(layout, lines, tell);
  }

  /** What is known of trials, from an earlier machine. */
  get trials(): TrialLine[] {
    return this.lines.flatMap((line) => parseTrial(line) ?? []);
  }

  readonly print = (line: string): void => {
    this.tell(line);
    if (parseProgress(line)) this.progress = line;
    else this.lines.push(line);
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.pauseMs = Math.min(LONGEST_PAUSE_MS, this.pauseMs * PAUSE_GROWTH);
      this.writing = this.writing.then(() => this.keep());
    }, this.pauseMs);
  };

  /** Leaves the whole log as what the job made. */
  async finish(): Promise<void> {
    await mkdir(this.layout.model, { recursive: true });
    await this.write(this.layout.model);
  }

  /** Waits until the file holds all lines. */
  async close(): Promise<void> {
    clearTimeout(this.timer);
    await this.writing;
    await this.keep();
  }

  /** A search that can't be kept is a search nevertheless. */
  private async keep(): Promise<void> {
    await this.write(this.layout.checkpoints).catch((error: unknown) => {
      this.tell(`the log of the search could not be written: ${(error as Error).message}`);
    });
  }

  /** The file has its name only when it is complete. */
  private async write(folder: string): Promise<void> {
    const path = join(folder, SEARCH_LOG_FILE);
    const lines = this.progress === undefined ? this.lines : [...this.lines, this.progress];
    await writeFile(`${path}.part`, lines.map((line) => `${line}\n`).join(''));
    await rename(`${path}.part`, path);
  }
}

async function linesOf(path: string): Promise<string[]> {
  try {
    const lines = (await readFile(path, 'utf8')).split('\n');
    return lines.filter((line) => line !== '' && parseProgress(line) === undefined);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
