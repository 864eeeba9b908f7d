import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import type { BinningLayout } from './binning-layout.js';

/** A layout that versions of a model are counted by; counts on the same binning add up. Never changed. */
@Entity('binning')
export class BinningRow {
  /** UUIDv7. */
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'model_id' })
  modelId!: string;

  /** 1, 2, 3 … within its model. */
  @Column('integer')
  number!: number;

  @Column('text')
  digest!: string;

  @Column('jsonb')
  layout!: BinningLayout;

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;
}
