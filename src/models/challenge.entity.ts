import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import type { ChallengeKind, RestingStage } from './stage.js';

/** A time during which a version was tried beside the champion. At most one a model has not ended. */
@Entity('challenge')
export class Challenge {
  /** UUIDv7. */
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'model_id' })
  modelId!: string;

  @Column('uuid', { name: 'champion_id' })
  championId!: string;

  /** The challenger. */
  @Column('uuid', { name: 'version_id' })
  versionId!: string;

  @Column('text')
  kind!: ChallengeKind;

  /** Share of the rows that the challenger answers (CANARY) or scores as well (SHADOW). */
  @Column('double precision')
  share!: number;

  /** Stage of the challenger afterwards. */
  @Column('text', { name: 'returns_to' })
  returnsTo!: RestingStage;

  @Column('text')
  reason!: string;

  @Column('uuid', { name: 'started_by', nullable: true })
  startedBy!: string | null;

  @CreateDateColumn({ type: 'timestamptz', name: 'started_at' })
  startedAt!: Date;

  @Column('timestamptz', { name: 'ended_at', nullable: true })
  endedAt!: Date | null;
}
