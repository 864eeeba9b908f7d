import { join } from 'node:path';

/** Folders of the container contract, below a root that is `/opt/ml` in the cloud. */
export interface Layout {
  readonly root: string;
  readonly config: string;
  readonly training: string;
  readonly spec: string;
  readonly model: string;
  readonly output: string;
  readonly checkpoints: string;
}

export function layoutOf(root: string): Layout {
  return {
    root,
    config: join(root, 'input', 'config'),
    training: join(root, 'input', 'data', 'training'),
    spec: join(root, 'input', 'data', 'spec'),
    model: join(root, 'model'),
    output: join(root, 'output'),
    checkpoints: join(root, 'checkpoints'),
  };
}

export const HYPERPARAMETERS_FILE = 'hyperparameters.json';
export const SPEC_FILE = 'training.json';
/** Beside the spec, for a search. */
export const SEARCH_FILE = 'search.json';
/** The lines of a search, among the checkpoints and then in the model folder. */
export const SEARCH_LOG_FILE = 'search.log';
export const DATA_FILE = 'data.parquet';
/** What a division leaves of the data. */
export const TRAINING_ROWS_FILE = 'training.parquet';
export const VALIDATION_ROWS_FILE = 'validation.parquet';
export const FAILURE_FILE = 'failure';

/** The platform shows this much of a failure. */
export const FAILURE_LENGTH = 1024;

/** What a stop by signal ends with, as shells report SIGTERM. */
export const EXIT_STOPPED = 143;
