import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** A named series of snapshots of one source of data. */
@Entity('dataset')
export class Dataset {
  /** UUIDv7. */
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text')
  name!: string;

  /** Number of the newest version ever made; numbers are not used twice. */
  @Column('integer', { name: 'last_version', default: 0 })
  lastVersion!: number;

  /** Null: the system itself, for data that it collects. */
  @Column('uuid', { name: 'created_by', nullable: true })
  createdBy!: string | null;

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;
}
