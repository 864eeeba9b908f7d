import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import type { RegistrationState } from './registration-state.js';

/** One attempt to make a version of an uploaded file. */
@Entity('version_registration')
export class VersionRegistration {
  /** UUIDv7. */
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'model_id' })
  modelId!: string;

  /** What its metrics and its reference are computed on. A version that a registration refers to can't be deleted. */
  @Column('uuid', { name: 'dataset_version_id' })
  datasetVersionId!: string;

  /** Names the uploaded file. */
  @Column('text', { name: 'file_sha256' })
  fileSha256!: string;

  /** Labels in the order of the scores; null to take those that the graph names. */
  @Column('text', { array: true, nullable: true })
  classes!: string[] | null;

  /** Whether the promotion gate is asked about the version. */
  @Column('boolean', { name: 'enter_gate' })
  enterGate!: boolean;

  @Column('text')
  state!: RegistrationState;

  @Column('text')
  message!: string;

  /** Why there is no version, and what to do. */
  @Column('text', { nullable: true })
  failure!: string | null;

  @Column('uuid', { name: 'version_id', nullable: true })
  versionId!: string | null;

  @Column('uuid', { name: 'requested_by', nullable: true })
  requestedBy!: string | null;

  /** Changes with every worker that takes it up: what an earlier one still writes is refused. */
  @Column('uuid', { nullable: true })
  lease!: string | null;

  /** Workers that took it up and did not hand it back. */
  @Column('integer')
  attempts!: number;

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'started_at', nullable: true })
  startedAt!: Date | null;

  @Column('timestamptz', { name: 'finished_at', nullable: true })
  finishedAt!: Date | null;
}
