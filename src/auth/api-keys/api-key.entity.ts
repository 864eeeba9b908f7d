import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Role } from '../principal.js';

/** A credential for programs. Only the hash of its secret is kept. */
@Entity('api_key')
export class ApiKey {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'user_id' })
  userId!: string;

  @Column('text')
  name!: string;

  /** The public part of the key: finds the row, and lets its owner recognise it. */
  @Column('text')
  prefix!: string;

  @Column('bytea')
  hash!: Buffer;

  /** The highest role the key acts with; its owner's role bounds it as well. */
  @Column('text')
  role!: Role;

  @Column('boolean', { name: 'can_promote' })
  canPromote!: boolean;

  /** Names of the models it may predict with; null stands for all. */
  @Column('text', { array: true, nullable: true })
  models!: string[] | null;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'last_used_at', nullable: true })
  lastUsedAt!: Date | null;

  @Column('timestamptz', { name: 'expires_at', nullable: true })
  expiresAt!: Date | null;

  @Column('timestamptz', { name: 'revoked_at', nullable: true })
  revokedAt!: Date | null;
}
