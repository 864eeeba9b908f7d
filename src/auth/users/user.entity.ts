import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Role } from '../principal.js';

/** A person or service that can sign in. `user` is a reserved word of SQL. */
@Entity('app_user')
export class User {
  @PrimaryColumn('uuid')
  id!: string;

  /** Normalised: see `normaliseEmail`. */
  @Column('text')
  email!: string;

  @Column('text', { name: 'password_hash' })
  passwordHash!: string;

  @Column('text')
  role!: Role;

  @Column('boolean', { name: 'can_promote' })
  canPromote!: boolean;

  @Column('timestamptz', { name: 'disabled_at', nullable: true })
  disabledAt!: Date | null;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt!: Date;
}
