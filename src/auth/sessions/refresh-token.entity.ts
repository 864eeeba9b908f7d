import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A refresh token, known by its hash only. Used ones stay as long as their session: that is how reuse is noticed. */
@Entity('refresh_token')
export class RefreshToken {
  @PrimaryColumn('bytea')
  hash!: Buffer;

  @Column('uuid', { name: 'session_id' })
  sessionId!: string;

  @Column('timestamptz', { name: 'created_at', default: () => 'now()' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'used_at', nullable: true })
  usedAt!: Date | null;
}
