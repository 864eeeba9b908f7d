import { z } from 'zod';

/**
 * Kinds of rows whose changes are announced to every replica. A `route` is a model of which anything has changed that
 * decides who answers for it; three tables do, so triggers announce it, also for changes by older replicas.
 */
export const CHANGE_TOPICS = [
  'training-run',
  'experiment',
  'drift-report',
  'stage',
  'retraining',
  'batch-prediction',
  'route',
] as const;
export type ChangeTopic = (typeof CHANGE_TOPICS)[number];

/** PostgreSQL's channel for all topics. */
export const CHANGE_CHANNEL = 'boucle_changes';

/** A row that was added or changed: whoever wants to know more reads it. */
export interface Change {
  readonly topic: ChangeTopic;
  readonly id: string;
  readonly modelId?: string | undefined;
}

export const changeSchema: z.ZodType<Change> = z.object({
  topic: z.enum(CHANGE_TOPICS),
  id: z.string(),
  modelId: z.string().optional(),
});
