import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The right to register once, given by an administrator. */
@Entity('invitation')
export class Invitation {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('bytea', { name: 'token_hash' })
  tokenHash!: Buffer;

  /** The only address it is good for; null if it is good for any. */
  @Column('text', { nullable: true })
  email!: string | null;

  @Column('uuid', { name: 'created_by' })
  createdBy!: string;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'expires_at' })
  expiresAt!: Date;

  @Column('timestamptz', { name: 'used_at', nullable: true })
  usedAt!: Date | null;
}
