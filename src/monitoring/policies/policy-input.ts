import { z } from 'zod';
import type { Check } from '../../ml/statistics/drift/checks.js';
import { METHOD_NAMES } from '../../ml/statistics/drift/methods.js';
import { ALGORITHMS } from '../../models/algorithm.js';
import { DRIFT_MODES, type PolicySettings, RETRAINING_DATA } from './policy-settings.js';

/** What a policy is without a word about it. */
export const DEFAULT_SETTINGS: PolicySettings = {
  cron: '0 * * * *',
  timeZone: 'UTC',
  windowSeconds: 86_400,
  mode: 'BOUCLE',
  minimumRows: 500,
  checks: {},
  groups: 10,
  rowsPerGroup: 50,
  significance: 0.01,
  driftedShare: 0,
  persistence: { k: 2, n: 3 },
  quality: null,
  maximumAgeSeconds: null,
  coolDownSeconds: 86_400,
  retrainingsPerDay: 1,
  costLimit: null,
  data: 'SOURCE',
  algorithms: null,
};

/** More checks of columns than this are a mistake. */
const MOST_CHECKS = 2_000;
/** Windows that "k of n" may look back on. */
const MOST_WINDOWS = 100;
/** A hundred years: what is meant as "never" is left out instead. */
const LONGEST_SECONDS = 3_155_760_000;

const whole = z.number().int();
const seconds = whole.min(0).max(LONGEST_SECONDS);

const dollars = z
  .number()
  .gt(0, 'must be above 0; to report without retraining, name no trigger')
  .nullish()
  .transform((limit) => limit ?? null);

/** What is left out, or null, is the default's. */
function filled<Value>(schema: z.ZodType<Value>, fallback: Value) {
  return schema.nullish().transform((value) => value ?? fallback);
}

const check = z.object({
  column: z.string(),
  method: z.enum(METHOD_NAMES),
  threshold: z.number().nullish(),
});

const fields = {
  cron: filled(z.string(), DEFAULT_SETTINGS.cron),
  timeZone: filled(z.string(), DEFAULT_SETTINGS.timeZone),
  windowSeconds: filled(whole, DEFAULT_SETTINGS.windowSeconds),
  mode: filled(z.enum(DRIFT_MODES), DEFAULT_SETTINGS.mode),
  minimumRows: filled(whole.min(1, 'must be at least 1'), DEFAULT_SETTINGS.minimumRows),
  checks: filled(z.array(check).max(MOST_CHECKS), []).transform(checksByColumn),
  groups: filled(whole.min(2, 'must be at least 2').max(64, 'must be at most 64'), DEFAULT_SETTINGS.groups),
  rowsPerGroup: filled(whole.min(5, 'must be at least 5, or chance decides'), DEFAULT_SETTINGS.rowsPerGroup),
  significance: filled(
    z.number().gt(0, 'must be above 0').lt(1, 'must be below 1: any chance would count as drift'),
    DEFAULT_SETTINGS.significance,
  ),
  driftedShare: filled(z.number().min(0).max(1, 'must be from 0 to 1'), DEFAULT_SETTINGS.driftedShare),
  // Null is a choice here: drift is reported only.
  persistence: z
    .object({ k: whole.min(1), n: whole.min(1).max(MOST_WINDOWS) })
    .nullable()
    .default(DEFAULT_SETTINGS.persistence),
  quality: z
    .object({
      metric: z.string(),
      floor: z.number(),
      minimumOutcomes: filled(whole.min(1, 'must be at least 1'), 200),
      windowSeconds: filled(whole.min(10).max(LONGEST_SECONDS), 7 * 86_400),
    })
    .nullish()
    .transform((quality) => quality ?? null),
  maximumAgeSeconds: seconds
    .min(1)
    .nullish()
    .transform((age) => age ?? null),
  coolDownSeconds: filled(seconds, DEFAULT_SETTINGS.coolDownSeconds),
  retrainingsPerDay: filled(
    whole.min(1, 'must be at least 1; to report without retraining, name no trigger').max(1_000),
    DEFAULT_SETTINGS.retrainingsPerDay,
  ),
  costLimit: z
    .object({ perRetraining: dollars, perMonth: dollars })
    .refine(({ perRetraining, perMonth }) => perRetraining ?? perMonth, 'must set perRetraining, perMonth or both')
    .nullish()
    .transform((limit) => limit ?? null),
  data: filled(z.enum(RETRAINING_DATA), DEFAULT_SETTINGS.data),
  algorithms: z
    .array(z.enum(ALGORITHMS))
    .min(1, 'must name at least one; leave it out for all')
    .nullish()
    .transform((algorithms) => (algorithms ? [...new Set(algorithms)] : null)),
};

export const policySettingsSchema: z.ZodType<PolicySettings> = z.object(fields);

/** A policy as it is to be. */
export interface PolicyOrder {
  readonly model: string;
  readonly enabled: boolean;
  readonly settings: PolicySettings;
}

export const policyOrderSchema: z.ZodType<PolicyOrder> = z
  .object({ model: z.string(), enabled: filled(z.boolean(), true), ...fields })
  .transform(({ model, enabled, ...settings }) => ({ model, enabled, settings }));

function checksByColumn(checks: readonly z.infer<typeof check>[]): PolicySettings['checks'] {
  const byColumn = new Map<string, Check[]>();
  for (const { column, method, threshold } of checks) {
    const ofColumn = byColumn.get(column) ?? [];
    byColumn.set(column, ofColumn);
    ofColumn.push({ method, ...(typeof threshold === 'number' && { threshold }) });
  }
  return Object.fromEntries(byColumn);
}
