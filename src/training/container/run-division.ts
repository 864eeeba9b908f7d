import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Column, TrainingTable } from '../../ml/train/table.js';
import { DuckDbSession } from '../../platform/duckdb/duckdb-session.js';
import { type Layout, SPEC_FILE, TRAINING_ROWS_FILE, VALIDATION_ROWS_FILE } from './layout.js';
import { readSpec, type TrainingSpec } from './order.js';
import { type ContainerOptions, readSplits } from './run-container.js';
import { columnsOf, writeTable } from './table-file.js';

/**
 * Writes what somebody else's training script is given, into the model folder: the rows to train on, the rows to
 * validate on, as our own trainers see them, and what is to be learned. The rows that are held out stay behind. The
 * description comes last, so where it lies the others are complete.
 *
 * @throws AppError or TrainingDataError for what a person can mend, the signal's reason after a stop.
 */
export async function runDivision(layout: Layout, options: ContainerOptions): Promise<void> {
  await mkdir(layout.model, { recursive: true });
  const spec = await readSpec(layout);
  const { memoryLimit, threads, signal } = options;
  const session = await DuckDbSession.open({ folder: layout.root, memoryLimit, threads });
  try {
    const { table, split } = await readSplits(session, layout, { spec }, options);
    const columns = [...columnsOf(table), ...weightsOf(table, spec)];
    await writeTable(session, columns, split.train, join(layout.model, TRAINING_ROWS_FILE));
    signal.throwIfAborted();
    await writeTable(session, columns, split.validation, join(layout.model, VALIDATION_ROWS_FILE));
    const path = join(layout.model, SPEC_FILE);
    await writeFile(`${path}.part`, JSON.stringify(describe(table, spec)));
    await rename(`${path}.part`, path);
  } finally {
    session.close();
    await rm(join(layout.root, 'spill'), { recursive: true, force: true });
  }
}

function weightsOf({ weights }: TrainingTable, spec: TrainingSpec): Column[] {
  const name = spec.weights?.column;
  return weights && name !== undefined ? [{ name, type: 'NUMBER', values: weights }] : [];
}

/** `features` are the inputs that the graph may have, and `classes` the order of its scores unless it names its own. */
function describe({ features, target }: TrainingTable, { task, weights, dataset }: TrainingSpec): object {
  return {
    task,
    target: target.name,
    features: features.map(({ name, type }) => ({ name, type })),
    ...(target.task === 'CLASSIFICATION' && { classes: target.classes }),
    ...(weights && { weights }),
    dataset,
  };
}
