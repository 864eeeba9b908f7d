import { z } from 'zod';
import type { Signature } from '../../ml/schema/signature.js';
import type { OutcomeValue } from './outcome.entity.js';

const DAY_MS = 86_400_000;
/** Characters of somebody else's text in a message. */
const MAX_SHOWN = 60;
const MAX_MESSAGE = 200;

const text = (longest: number) => z.string().min(1).max(longest);
const time = z.union([
  z.date(),
  z.iso.datetime({ offset: true }).transform((at) => new Date(at)),
  z.iso.date().transform((at) => new Date(at)),
]);

const entrySchema = z
  .strictObject({
    predictionId: z.uuid('must be an id as predict returned it').nullish(),
    correlationId: text(200).nullish(),
    model: text(100).nullish(),
    value: z.union([z.string(), z.number(), z.boolean()], 'must be a class or a number'),
    occurredAt: time.nullish(),
  })
  .refine(
    ({ predictionId, correlationId }) => ((predictionId ?? null) === null) !== ((correlationId ?? null) === null),
    {
      error: 'must name the prediction either by predictionId or by correlationId',
    },
  );

/** An outcome in the right form; whether its prediction exists and its value fits is not known yet. */
export interface OutcomeEntry {
  readonly position: number;
  readonly predictionId: string | null;
  readonly correlationId: string | null;
  readonly model: string | null;
  readonly value: string | number | boolean;
  readonly occurredAt: Date | null;
}

/** @returns a sentence about what is wrong if it has not the right form. */
export function parseEntry(position: number, raw: unknown, now: Date): OutcomeEntry | string {
  const parsed = entrySchema.safeParse(raw);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const field = issue?.path.join('.') ?? '';
    return `${field === '' ? 'The outcome' : field} ${shorten(issue?.message ?? 'is wrong', MAX_MESSAGE)}`;
  }
  const { predictionId = null, correlationId = null, model = null, value, occurredAt = null } = parsed.data;
  // Clocks of others may be ahead.
  if (occurredAt && occurredAt.getTime() > now.getTime() + DAY_MS) return 'occurredAt lies in the future';
  return { position, predictionId: predictionId?.toLowerCase() ?? null, correlationId, model, value, occurredAt };
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/**
 * The value as the model's task wants it: one of the classes, or a finite number. Files know only text, so numbers may
 * be written as such, and classes such as 1 or true as numbers and booleans.
 * @returns undefined if it does not fit.
 */
export function fitValue(
  { task, classes = [] }: Pick<Signature, 'task' | 'classes'>,
  value: string | number | boolean,
): OutcomeValue | undefined {
  if (task === 'CLASSIFICATION') return classes.includes(String(value)) ? String(value) : undefined;
  if (typeof value === 'boolean' || (typeof value === 'string' && !DECIMAL.test(value))) return undefined;
  return Number.isFinite(Number(value)) ? Number(value) : undefined;
}

/** What {@link fitValue} takes, in words. */
export function expectedValue({ task, classes = [] }: Pick<Signature, 'task' | 'classes'>, value: unknown): string {
  const expected = task === 'REGRESSION' ? 'a number' : `one of ${shorten(classes.join(', '))}`;
  return `value must be ${expected}, not ${shorten(JSON.stringify(value))}`;
}

export function shorten(long: string, most = MAX_SHOWN): string {
  return long.length <= most ? long : `${long.slice(0, most)}…`;
}
