import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import { bigint } from '../../platform/database/bigint.js';
import type { Verdict } from '../../ml/statistics/drift/verdict.js';
import type { ReportDocument } from './report-document.js';

/** What a scheduled check found in its window. Never changed. */
@Entity('drift_report')
export class DriftReport {
  /** UUIDv7. */
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'model_id' })
  modelId!: string;

  @Column('uuid', { name: 'version_id' })
  versionId!: string;

  @Column('timestamptz')
  tick!: Date;

  @Column('timestamptz', { name: 'window_from' })
  windowFrom!: Date;

  @Column('timestamptz', { name: 'window_to' })
  windowTo!: Date;

  @Column('text')
  verdict!: Verdict;

  @Column('bigint', { transformer: bigint })
  rows!: number;

  /** Large: read only where it is asked for by name. */
  @Column('jsonb', { select: false })
  document!: ReportDocument;

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;
}
