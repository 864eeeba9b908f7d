import { Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * Who did what, when and from where. Rows can't be changed or deleted (a trigger refuses it), so they hold ids only:
 * nothing here has to be erased when a user is.
 */
@Entity('audit_event')
export class AuditEvent {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt!: Date;

  /** Null for what nobody signed in did: a failed login, a job. */
  @Column('uuid', { name: 'actor_id', nullable: true })
  actorId!: string | null;

  @Column('text', { name: 'credential_kind', nullable: true })
  credentialKind!: string | null;

  @Column('uuid', { name: 'credential_id', nullable: true })
  credentialId!: string | null;

  @Column('text', { nullable: true })
  address!: string | null;

  @Column('text')
  action!: string;

  @Column('text', { name: 'subject_kind', nullable: true })
  subjectKind!: string | null;

  @Column('text', { name: 'subject_id', nullable: true })
  subjectId!: string | null;

  @Column('jsonb')
  details!: object;
}
