import { Column, Entity } from 'typeorm';
import { bigint } from '../platform/database/bigint.js';
import { LeasedRow } from '../platform/database/leased-row.js';
import type { ColumnSchema } from './extraction/column-types.js';
import type { ExtractionState } from './extraction-state.js';

/** One extraction, and the immutable snapshot that came of it once it is READY. */
@Entity('dataset_version')
export class DatasetVersion extends LeasedRow {
  @Column('uuid', { name: 'dataset_id' })
  datasetId!: string;

  @Column('uuid', { name: 'source_id' })
  sourceId!: string;

  /** Counts from 1 within the dataset; READY versions only. */
  @Column('integer', { nullable: true })
  number!: number | null;

  @Column('text')
  state!: ExtractionState;

  /** Share that is done, 0 to 1. */
  @Column('real')
  progress!: number;

  /** SHA-256 of the Parquet file, in hexadecimal. */
  @Column('text', { name: 'content_hash', nullable: true })
  contentHash!: string | null;

  /** Key of the Parquet file in the object store; set before the file is put there, so that it counts as in use. */
  @Column('text', { name: 'object_key', nullable: true })
  objectKey!: string | null;

  /** Key of the uploaded file, while it is needed. */
  @Column('text', { name: 'upload_key', nullable: true })
  uploadKey!: string | null;

  @Column('bigint', { nullable: true, transformer: bigint })
  rows!: number | null;

  @Column('bigint', { nullable: true, transformer: bigint })
  bytes!: number | null;

  @Column('bigint', { name: 'source_bytes', nullable: true, transformer: bigint })
  sourceBytes!: number | null;

  @Column('jsonb', { nullable: true })
  schema!: readonly ColumnSchema[] | null;

  /** A ColumnProfile of every column. */
  @Column('jsonb', { nullable: true, select: false })
  profile!: readonly object[] | null;

  @Column('jsonb', { name: 'first_rows', nullable: true, select: false })
  firstRows!: readonly object[] | null;

  @Column('jsonb')
  notes!: readonly string[];

  /** What wrote the file, such as `DuckDB 1.5.6`: another writer may give other bytes for the same rows. */
  @Column('text', { nullable: true })
  engine!: string | null;

  /** UNCHANGED only: the version that holds the same content. */
  @Column('uuid', { name: 'same_as_id', nullable: true })
  sameAsId!: string | null;
}

/** A version with a snapshot. */
export type ReadyVersion = DatasetVersion & {
  readonly number: number;
  readonly contentHash: string;
  readonly objectKey: string;
  readonly rows: number;
  readonly schema: readonly ColumnSchema[];
};

export function isReady(version: DatasetVersion): version is ReadyVersion {
  return version.state === 'READY';
}
