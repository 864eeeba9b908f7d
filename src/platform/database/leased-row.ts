import { Column, CreateDateColumn, PrimaryColumn } from 'typeorm';

/** A row of work that takes long: workers take it up, one after the other if they die. */
export abstract class LeasedRow {
  /** UUIDv7. */
  @PrimaryColumn('uuid')
  id!: string;

  /** What is being done, for people. */
  @Column('text')
  message!: string;

  /** Why nothing came of it, and what to do. */
  @Column('text', { nullable: true })
  failure!: string | null;

  @Column('uuid', { name: 'requested_by', nullable: true })
  requestedBy!: string | null;

  /** Changes with every worker that takes the row up: what an earlier one still writes is refused. */
  @Column('uuid', { nullable: true })
  lease!: string | null;

  /** Workers that took the row up and did not hand it back. */
  @Column('integer')
  attempts!: number;

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'started_at', nullable: true })
  startedAt!: Date | null;

  @Column('timestamptz', { name: 'finished_at', nullable: true })
  finishedAt!: Date | null;
}
