import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Failed attempts of one account or from one network address since `startedAt`. */
@Entity('login_failure')
export class LoginFailure {
  @PrimaryColumn('text')
  key!: string;

  @Column('integer')
  failures!: number;

  @Column('timestamptz', { name: 'started_at' })
  startedAt!: Date;
}
