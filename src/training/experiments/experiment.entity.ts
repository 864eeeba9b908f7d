import { Column, Entity } from 'typeorm';
import { bigint } from '../../platform/database/bigint.js';
import { LeasedRow } from '../../platform/database/leased-row.js';
import type { SearchSpace } from '../../ml/train/search/space.js';
import type { Algorithm } from '../../models/algorithm.js';
import type { GateMetric } from '../../models/gate-metrics.js';
import type { WeightChoice } from '../../models/model-columns.js';
import type { BackendName } from '../../models/training-backend-name.js';
import type { ExperimentState } from './experiment-state.js';

/** A search for hyperparameters, of which the best are trained as a version. */
@Entity('experiment')
export class Experiment extends LeasedRow {
  @Column('uuid', { name: 'model_id' })
  modelId!: string;

  /** A version that an experiment refers to can't be deleted. */
  @Column('uuid', { name: 'dataset_version_id' })
  datasetVersionId!: string;

  @Column('text', { array: true })
  algorithms!: Algorithm[];

  /** With the ranges that were not given, so that it stays the same whatever becomes of them. */
  @Column('jsonb')
  space!: SearchSpace;

  /** Metric that decides, on the validation rows or over the folds. */
  @Column('text')
  metric!: GateMetric;

  @Column('bigint', { transformer: bigint })
  seed!: number;

  /** How much rows count; null if all count alike. */
  @Column('jsonb', { nullable: true })
  weights!: WeightChoice | null;

  /** Of the cross-validation that scores trials; null where the validation rows do. */
  @Column('integer', { nullable: true })
  folds!: number | null;

  /** Trials, at most. */
  @Column('integer')
  trials!: number;

  /** Time for the search, at most. */
  @Column('real', { nullable: true })
  minutes!: number | null;

  /** Of the search, and of the training of what it finds. */
  @Column('text')
  backend!: BackendName;

  /** Name of the search's job at the backend. */
  @Column('text', { name: 'external_name', nullable: true })
  externalName!: string | null;

  /** The most that the search may cost, in USD; 0 where nobody bills it, null where prices are unknown. */
  @Column('float8', { name: 'maximum_cost', nullable: true })
  maximumCost!: number | null;

  /** Of the search's jobs, by the platform's word; null until it says so. */
  @Column('integer', { name: 'billed_seconds', nullable: true })
  billedSeconds!: number | null;

  /** What those seconds cost, in USD. */
  @Column('float8', { nullable: true })
  cost!: number | null;

  @Column('text')
  state!: ExperimentState;

  /** Share of the search that is done, 0 to 1. */
  @Column('real')
  progress!: number;

  /** The last lines of the search's output. */
  @Column('text', { select: false })
  log!: string;

  /** The group of the run that trains what the search found. */
  @Column('uuid', { name: 'group_id', nullable: true })
  groupId!: string | null;
}

/** What to tell whoever has to wait for an experiment. */
export function underWay({ id }: Pick<Experiment, 'id'>): string {
  return `an experiment under way, ${id}. Cancel it with \`cancelExperiment\`, or wait for its end.`;
}
