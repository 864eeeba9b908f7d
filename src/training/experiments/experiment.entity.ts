import { Column, Entity } from 'typeorm';
import { JobRow } from '../job-row.js';
import type { SearchSpace } from '../../ml/train/search/space.js';
import type { Algorithm } from '../../models/algorithm.js';
import type { GateMetric } from '../../models/gate-metrics.js';
import type { ExperimentState } from './experiment-state.js';

/** A search for hyperparameters, of which the best are trained as a version. */
@Entity('experiment')
export class Experiment extends JobRow {
  @Column('text', { array: true })
  algorithms!: Algorithm[];

  /** With the ranges that were not given, so that it stays the same whatever becomes of them. */
  @Column('jsonb')
  space!: SearchSpace;

  /** Metric that decides, on the validation rows or over the folds. */
  @Column('text')
  metric!: GateMetric;

  /** Trials, at most. */
  @Column('integer')
  trials!: number;

  /** Time for the search, at most. */
  @Column('real', { nullable: true })
  minutes!: number | null;

  @Column('text')
  state!: ExperimentState;

  /** The group of the run that trains what the search found. */
  @Column('uuid', { name: 'group_id', nullable: true })
  groupId!: string | null;
}

/** What to tell whoever has to wait for an experiment. */
export function underWay({ id }: Pick<Experiment, 'id'>): string {
  return `an experiment under way, ${id}. Cancel it with \`cancelExperiment\`, or wait for its end.`;
}
