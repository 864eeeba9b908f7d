import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import type { GateEvidence } from './promotion-gate.js';
import type { PromotionAction } from './stage.js';

/**
 * An entry of the ledger that says who served what, when and why. Entries are only added, which a trigger enforces, and
 * carry names and numbers besides ids, so that they stay readable after the model is gone.
 */
@Entity('promotion')
export class Promotion {
  /** UUIDv7. */
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'model_id' })
  modelId!: string;

  @Column('text', { name: 'model_name' })
  modelName!: string;

  @Column('uuid', { name: 'version_id' })
  versionId!: string;

  @Column('integer', { name: 'version_number' })
  versionNumber!: number;

  /** The champion until then, also where the entry left it in place. */
  @Column('integer', { name: 'previous_number', nullable: true })
  previousNumber!: number | null;

  @Column('text')
  action!: PromotionAction;

  /** The user who decided; null for the gate. */
  @Column('uuid', { name: 'actor_id', nullable: true })
  actorId!: string | null;

  @Column('text')
  reason!: string;

  @Column('jsonb', { nullable: true })
  evidence!: GateEvidence | null;

  /** What the gate was asked about, such as a group of runs; unique, so that it decides once. */
  @Column('uuid', { name: 'contest_id', nullable: true })
  contestId!: string | null;

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;
}
