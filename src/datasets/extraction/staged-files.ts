import { AppError } from '../../errors/app-error.js';
import type { ColumnType } from './column-types.js';
import type { FileFormat } from './source-spec.js';

/** A file that DuckDB can read. */
export interface StagedFile {
  readonly path: string;
  /** Where a source has several: the address of this one, which errors name. */
  readonly name?: string;
}

/** A source as it lies on the disk: its files hold its rows one after another, in columns of the same names. */
export interface Staged {
  /** Holds the files and nothing else. */
  readonly folder: string;
  readonly files: readonly StagedFile[];
  readonly format: FileFormat;
  /** Bytes read from the source. */
  readonly bytes: number;
  readonly declared?: ReadonlyMap<string, ColumnType>;
  readonly notes: readonly string[];
}

/** An error that says which of several files it speaks of; the error itself if that is clear. */
export function inNamedFile<Thrown>(error: Thrown, file: StagedFile | undefined): Thrown | AppError {
  if (file?.name === undefined || !(error instanceof AppError) || error.message.includes(file.name)) return error;
  const { code, message, details } = error;
  return new AppError(code, `${file.name}: ${message}`, details, { cause: error });
}

/** The file whose path an error of DuckDB tells. */
export function fileIn(error: unknown, files: readonly StagedFile[]): StagedFile | undefined {
  const { message } = error as Error;
  return files.find(({ path }) => message.includes(`"${path}"`) || message.includes(`'${path}'`));
}
