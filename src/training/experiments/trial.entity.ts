import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Algorithm } from '../../models/algorithm.js';

/** RUNNING now; SCORED on at least one rung; FAILED; or STOPPED before it was scored. */
export const TRIAL_STATES = ['RUNNING', 'SCORED', 'FAILED', 'STOPPED'] as const;
export type TrialState = (typeof TRIAL_STATES)[number];

/** How good a trial was on a rung. */
export interface TrialResult {
  readonly rung: number;
  /** Training rows of the rung. */
  readonly rows: number;
  /** Of the experiment's metric on the validation rows. */
  readonly score: number;
  /** The score, or its negative where higher is better: lower is better in any case. */
  readonly loss: number;
  /** All metrics of the validation rows. */
  readonly scores: Readonly<Record<string, number | null>>;
  readonly seconds: number;
}

/** One configuration that an experiment tries, on more and more rows as long as it is among the best. */
@Entity('trial')
export class Trial {
  @PrimaryColumn('uuid', { name: 'experiment_id' })
  experimentId!: string;

  /** 1, 2, 3 … within its experiment. */
  @PrimaryColumn('integer')
  number!: number;

  @Column('text')
  algorithm!: Algorithm;

  @Column('jsonb')
  hyperparameters!: Record<string, number>;

  @Column('text')
  state!: TrialState;

  /** The highest rung it was scored on, −1 for none. */
  @Column('integer')
  rung!: number;

  /** On that rung, lower is better: the score, or its negative. Infinity for none. */
  @Column('double precision')
  loss!: number;

  /** By rung, ascending. */
  @Column('jsonb')
  results!: TrialResult[];

  /** Time spent on it. */
  @Column('double precision')
  seconds!: number;

  @Column('text', { nullable: true })
  failure!: string | null;
}
