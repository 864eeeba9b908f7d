import { Column, Entity } from 'typeorm';
import { LeasedRow } from '../../platform/database/leased-row.js';
import type { RegistrationState } from './registration-state.js';

/** One attempt to make a version of an uploaded file. */
@Entity('version_registration')
export class VersionRegistration extends LeasedRow {
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

  @Column('uuid', { name: 'version_id', nullable: true })
  versionId!: string | null;
}
