import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The right to set a user's password once. A user has at most one; it is deleted when used. */
@Entity('password_reset')
export class PasswordReset {
  @PrimaryColumn('bytea', { name: 'token_hash' })
  tokenHash!: Buffer;

  @Column('uuid', { name: 'user_id' })
  userId!: string;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'expires_at' })
  expiresAt!: Date;
}
