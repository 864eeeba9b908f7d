import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { selectRows } from '../../ml/train/table.js';
import { DuckDbSession } from '../../platform/duckdb/duckdb-session.js';
import { foldRows } from './cross-validate.js';
import { type Layout } from './layout.js';
import { type ContainerOptions, readSplits } from './run-container.js';
import { SearchLog } from './search-log.js';
import { goOnBehind, readSearchOrder, type SearchOrder } from './search-order.js';
import { FoldScoring, type TrialScoring, ValidationScoring } from './trial-scoring.js';
import { TrialSearch } from './trial-search.js';

/**
 * A search on the container layout: reads order and data below the root once, and tries one configuration after the
 * other. What it finds are the lines of its output and of {@link SearchLog}, which is left in the model folder; it ends
 * when all is tried or its time is over.
 *
 * @throws AppError or TrainingDataError for what a person can mend, TrainingCancelled or the signal's reason after a stop.
 */
export async function runSearch(layout: Layout, options: ContainerOptions): Promise<void> {
  const started = performance.now();
  const log = await SearchLog.open(layout, options.print);
  try {
    const logged = { ...options, print: log.print };
    const order = goOnBehind(await readSearchOrder(layout), log.trials);
    const scoring = await readScoring(layout, order, logged);
    await new TrialSearch(order, scoring, logged, started).run();
    await log.finish();
  } finally {
    await log.close();
  }
}

/** The held-out rows are dropped at once: no trial may see them. */
async function readScoring(layout: Layout, order: SearchOrder, options: ContainerOptions): Promise<TrialScoring> {
  const { memoryLimit, threads } = options;
  const session = await DuckDbSession.open({ folder: layout.root, memoryLimit, threads });
  try {
    const { table, split } = await readSplits(session, layout, order, options);
    const { seed } = order.search;
    const { folds, split: choice } = order.spec;
    if (folds !== undefined) return new FoldScoring(foldRows(table, split, choice?.method ?? 'RANDOM', folds), seed);
    const [train, validation] = [selectRows(table, split.train), selectRows(table, split.validation)];
    return new ValidationScoring({ train, validation }, seed);
  } finally {
    session.close();
    await rm(join(layout.root, 'spill'), { recursive: true, force: true });
  }
}
