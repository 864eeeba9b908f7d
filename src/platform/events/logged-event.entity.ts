import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import type { EventKind } from './event-kind.js';

/** Something that happened and that people may want to be told of. */
@Entity('event')
export class LoggedEvent {
  /** UUIDv7. */
  @PrimaryColumn('uuid')
  id!: string;

  /** PING is sent to one webhook, to try it out. */
  @Column('text')
  kind!: EventKind | 'PING';

  @Column('uuid', { name: 'model_id', nullable: true })
  modelId!: string | null;

  @Column('text', { name: 'model_name', nullable: true })
  modelName!: string | null;

  /** What the event is about: a drift report, a retraining, an entry of the ledger. */
  @Column('uuid', { name: 'subject_id', nullable: true })
  subjectId!: string | null;

  @Column('jsonb')
  payload!: object;

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;
}
