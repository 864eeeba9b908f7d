import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import type { ReadOptions } from './extraction/source-spec.js';
import type { SourceLocation } from './source-location.js';

/** Where a dataset comes from and how it is read. Never changed: an update adds another one, the newest counts. */
@Entity('data_source')
export class DataSourceRow {
  /** UUIDv7. */
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'dataset_id' })
  datasetId!: string;

  @Column('text')
  kind!: SourceLocation['kind'];

  /** Everything but secrets. */
  @Column('jsonb')
  location!: SourceLocation;

  /** The connection URL of a database with its password, encrypted; read by the worker only. */
  @Column('bytea', { name: 'sealed_connection', nullable: true, select: false })
  sealedConnection!: Buffer | null;

  @Column('jsonb')
  options!: ReadOptions;

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;
}
