import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import type { ScheduledRow } from '../platform/schedule/due-rows.js';

/** When a dataset is extracted by itself; at most one a dataset. */
@Entity('dataset_schedule')
export class DatasetSchedule implements ScheduledRow {
  /** UUIDv7. */
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'dataset_id' })
  datasetId!: string;

  @Column('text')
  cron!: string;

  /** IANA name. */
  @Column('text', { name: 'time_zone' })
  timeZone!: string;

  @Column('boolean')
  enabled!: boolean;

  @Column('timestamptz', { name: 'next_at' })
  nextAt!: Date;

  @Column('timestamptz', { name: 'last_tick', nullable: true })
  lastTick!: Date | null;

  @Column('text', { nullable: true })
  failure!: string | null;

  @Column('uuid', { name: 'created_by', nullable: true })
  createdBy!: string | null;

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;
}
