import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import type { PolicySettings } from './policy-settings.js';

/** How one model is watched. */
@Entity('monitoring_policy')
export class MonitoringPolicy {
  /** UUIDv7. */
  @PrimaryColumn('uuid')
  id!: string;

  /** Unique: one policy a model. */
  @Column('uuid', { name: 'model_id' })
  modelId!: string;

  @Column('boolean')
  enabled!: boolean;

  @Column('jsonb')
  settings!: PolicySettings;

  /** Tick of the next check, by the database's clock. */
  @Column('timestamptz', { name: 'next_at' })
  nextAt!: Date;

  @Column('timestamptz', { name: 'last_tick', nullable: true })
  lastTick!: Date | null;

  /** Why the last check could not be made; null if it was. */
  @Column('text', { nullable: true })
  failure!: string | null;

  @Column('uuid', { name: 'created_by', nullable: true })
  createdBy!: string | null;

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;

  /** When its settings were changed; checks leave it as it is. */
  @Column('timestamptz', { name: 'updated_at', default: () => 'now()' })
  updatedAt!: Date;
}
