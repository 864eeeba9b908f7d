import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What a model answered for one row. */
export interface PredictionOutput {
  /** The class with the highest probability, or the number of a regression. */
  readonly value: string | number;
  /** Classification only: probability of each class. */
  readonly probabilities?: Readonly<Record<string, number>>;
}

export const CALLER_KINDS = ['USER', 'API_KEY'] as const;
export type CallerKind = (typeof CALLER_KINDS)[number];

/** One answered row. Partitioned by day on its id; rows are never changed. */
@Entity('prediction')
export class Prediction {
  /** UUIDv7, given to the caller; holds the time. */
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'model_id' })
  modelId!: string;

  @Column('uuid', { name: 'version_id' })
  versionId!: string;

  /** The row after validation and lossless coercion. */
  @Column('jsonb')
  inputs!: Record<string, unknown>;

  @Column('jsonb')
  output!: PredictionOutput;

  /**
   * Microseconds from the request's arrival to its scores; the rows of one request share it. Of a shadow, those that
   * the challenger took for all rows it scored together.
   */
  @Column('integer', { name: 'latency_us' })
  latencyUs!: number;

  @Column('text', { name: 'caller_kind' })
  callerKind!: CallerKind;

  /** The user, or the API key that was used. */
  @Column('uuid', { name: 'caller_id' })
  callerId!: string;

  /** The caller's own name for the row. */
  @Column('text', { name: 'correlation_id', nullable: true })
  correlationId!: string | null;

  @Column('text', { name: 'request_id' })
  requestId!: string;

  /** Id of the prediction that was answered, if this one was only made by a challenger to be compared with it. */
  @Column('uuid', { name: 'shadow_of', nullable: true })
  shadowOf!: string | null;
}
