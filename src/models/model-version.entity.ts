import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import { bigint } from '../platform/database/bigint.js';
import type { Signature } from '../ml/schema/signature.js';
import type { VersionAlgorithm } from './algorithm.js';
import type { Manifest, Evaluations } from './artifact/manifest.js';
import type { Stage } from './stage.js';

/** One model: an artifact, its contract and how good it is. */
@Entity('model_version')
export class ModelVersion {
  /** UUIDv7. */
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'model_id' })
  modelId!: string;

  /** 1, 2, 3 … within its model. */
  @Column('integer')
  number!: number;

  @Column('text')
  algorithm!: VersionAlgorithm;

  /** The training run it came from; unique, so that a run which is taken up again registers once. */
  @Column('uuid', { name: 'run_id', nullable: true })
  runId!: string | null;

  /** For a version that was not trained here: the registration of its file; unique for the same reason. */
  @Column('uuid', { name: 'registration_id', nullable: true })
  registrationId!: string | null;

  @Column('text')
  stage!: Stage;

  @Column('text', { name: 'artifact_key' })
  artifactKey!: string;

  @Column('text', { name: 'artifact_sha256' })
  artifactSha256!: string;

  @Column('bigint', { name: 'artifact_bytes', transformer: bigint })
  artifactBytes!: number;

  @Column('jsonb')
  signature!: Signature;

  @Column('jsonb')
  metrics!: Evaluations;

  /** Large (reference counts): read only where it is asked for by name. */
  @Column('jsonb', { select: false })
  manifest!: Manifest;

  @Column('boolean', { name: 'passed_floors' })
  passedFloors!: boolean;

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;
}
