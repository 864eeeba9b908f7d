import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { TrialRecord } from '../../ml/train/search/halving.js';
import type { Configuration } from '../../ml/train/search/configurations.js';
import type { SearchSpace } from '../../ml/train/search/space.js';
import { ALGORITHMS } from '../../models/algorithm.js';
import { type Layout, SEARCH_FILE } from './layout.js';
import { readJson, readSpec, type TrainingSpec } from './order.js';
import type { TrialLine } from './trial-line.js';

const domain = z.intersection(
  z.object({ hyperparameter: z.string(), start: z.number().nullable().optional() }),
  z.union([
    z.object({ values: z.array(z.number()).min(1) }),
    z.object({
      type: z.enum(['INTEGER', 'NUMBER']),
      min: z.number(),
      max: z.number(),
      scale: z.enum(['LINEAR', 'LOG']),
    }),
  ]),
);

const record = z.object({
  number: z.number().int().positive(),
  algorithm: z.enum(ALGORITHMS),
  hyperparameters: z.record(z.string(), z.number()),
  failed: z.boolean(),
  losses: z.array(z.object({ rung: z.number().int(), loss: z.number() })),
});

/** What a search tries, and what is known already where it was interrupted. */
const searchSchema = z.object({
  seed: z.number().int().nonnegative(),
  /** Metric of the validation rows that decides. */
  metric: z.string(),
  space: z.partialRecord(z.enum(ALGORITHMS), z.array(domain)),
  /** Trials in all. */
  trials: z.number().int().positive(),
  /** Time that is left for it. */
  seconds: z.number().nonnegative().nullable(),
  records: z.array(record),
});

export interface SearchSettings extends Omit<z.infer<typeof searchSchema>, 'space'> {
  readonly space: SearchSpace;
}

export interface SearchOrder {
  readonly spec: TrainingSpec;
  readonly search: SearchSettings;
}

export function isSearch(order: object): order is SearchOrder {
  return 'search' in order;
}

/** Whether the layout holds the order for a search. */
export async function asksForSearch({ spec }: Layout): Promise<boolean> {
  const files: string[] = await readdir(spec).catch(() => []);
  return files.includes(SEARCH_FILE);
}

/** @throws AppError BAD_INPUT that names the file and what is wrong in it. */
export async function readSearchOrder(layout: Layout): Promise<SearchOrder> {
  return { spec: await readSpec(layout), search: await readJson(join(layout.spec, SEARCH_FILE), searchSchema) };
}

/** A trial that has begun: what it trains with, and how it stands. */
export type KnownTrial = Configuration & TrialRecord;

export function knownTrials({ records }: SearchSettings): KnownTrial[] {
  return records.map(({ losses, ...trial }) => ({
    ...trial,
    losses: new Map(losses.map(({ rung, loss }) => [rung, loss])),
  }));
}

/** The order with what an earlier machine told before it was taken away: less is left to try, and less time. */
export function goOnBehind({ spec, search }: SearchOrder, lines: readonly TrialLine[]): SearchOrder {
  const known = new Map(knownTrials(search).map((trial) => [trial.number, trial]));
  let spent = 0;
  for (const line of lines) {
    const trial = known.get(line.number);
    const next = after(trial, line);
    if (next === trial) continue;
    known.set(line.number, next!);
    if (line.event !== 'STARTED') spent += line.seconds;
  }
  const records = [...known.values()].map(({ losses, ...trial }) => {
    return { ...trial, losses: [...losses].map(([rung, loss]) => ({ rung, loss })) };
  });
  const seconds = search.seconds === null ? null : Math.max(0, search.seconds - spent);
  return { spec, search: { ...search, records, seconds } };
}

/** A trial after a line that tells of it; the same one where the line tells nothing new. */
function after(trial: KnownTrial | undefined, line: TrialLine): KnownTrial | undefined {
  if (line.event === 'STARTED') {
    const { number, algorithm, hyperparameters } = line;
    return trial ?? { number, algorithm, hyperparameters, failed: false, losses: new Map() };
  }
  if (!trial || trial.failed) return trial;
  if (line.event === 'FAILED') return { ...trial, failed: true };
  return trial.losses.has(line.rung) ? trial : { ...trial, losses: new Map(trial.losses).set(line.rung, line.loss) };
}
