import { z } from 'zod';
import { ALGORITHMS } from '../../models/algorithm.js';

const task = { number: z.number().int().positive(), rung: z.number().int().nonnegative(), rows: z.number().int() };

const lineSchema = z.discriminatedUnion('event', [
  z.object({
    event: z.literal('STARTED'),
    ...task,
    algorithm: z.enum(ALGORITHMS),
    hyperparameters: z.record(z.string(), z.number()),
  }),
  z.object({
    event: z.literal('SCORED'),
    ...task,
    seconds: z.number(),
    /** Of the metric that decides. */
    score: z.number(),
    /** The score, or its negative where higher is better: lower is better in any case. */
    loss: z.number(),
    /** All metrics of the validation rows. */
    scores: z.record(z.string(), z.number().nullable()),
  }),
  z.object({ event: z.literal('FAILED'), ...task, seconds: z.number(), failure: z.string() }),
]);

/** What a search tells of a trial, as one line of its output. */
export type TrialLine = z.infer<typeof lineSchema>;
export type TrialEvent<Event extends TrialLine['event']> = Extract<TrialLine, { readonly event: Event }>;

const PREFIX = 'trial=';

export function formatTrial(line: TrialLine): string {
  return PREFIX + JSON.stringify(line);
}

/** @returns undefined for a line that tells of no trial, or was cut off when its process was killed. */
export function parseTrial(line: string): TrialLine | undefined {
  if (!line.startsWith(PREFIX)) return undefined;
  try {
    return lineSchema.parse(JSON.parse(line.slice(PREFIX.length)));
  } catch {
    return undefined;
  }
}
