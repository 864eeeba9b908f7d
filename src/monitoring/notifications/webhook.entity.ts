import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import type { EventKind } from '../../platform/events/event-kind.js';

/** An address that wants to be told of events. */
@Entity('webhook')
export class Webhook {
  /** UUIDv7. */
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text')
  url!: string;

  /** Signs what is sent; encrypted. */
  @Column('bytea', { name: 'sealed_secret', select: false })
  sealedSecret!: Buffer;

  @Column('text', { array: true })
  kinds!: EventKind[];

  /** Null stands for all models. */
  @Column('text', { name: 'model_name', nullable: true })
  modelName!: string | null;

  @Column('text')
  description!: string;

  @Column('boolean')
  enabled!: boolean;

  /** Why we disabled it ourselves. */
  @Column('text', { name: 'disabled_reason', nullable: true })
  disabledReason!: string | null;

  /** Attempts in a row that failed. */
  @Column('integer')
  failures!: number;

  /** While slowed down: not before then. */
  @Column('timestamptz', { name: 'next_probe_at', nullable: true })
  nextProbeAt!: Date | null;

  @Column('uuid', { name: 'created_by', nullable: true })
  createdBy!: string | null;

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;
}
