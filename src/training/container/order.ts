import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { AppError } from '../../errors/app-error.js';
import { MAX_FOLDS, MIN_FOLDS } from '../../ml/train/folds.js';
import { weightsSchema } from '../../models/artifact/manifest.js';
import { ALGORITHMS, type VersionAlgorithm } from '../../models/algorithm.js';
import { HYPERPARAMETERS_FILE, type Layout, SPEC_FILE } from './layout.js';

/** What is to be learned from what: too long for hyperparameters, which hold at most 256 characters each. */
const specSchema = z.object({
  task: z.enum(['REGRESSION', 'CLASSIFICATION']),
  target: z.string(),
  features: z.array(z.string()),
  split: z
    .discriminatedUnion('method', [
      z.object({ method: z.enum(['RANDOM', 'STRATIFIED']) }),
      z.object({ method: z.literal('TIME'), column: z.string() }),
    ])
    .optional(),
  /** How much rows count: by a column, and by class. */
  weights: weightsSchema.optional(),
  /** Rounds of a cross-validation besides the split. */
  folds: z.number().int().min(MIN_FOLDS).max(MAX_FOLDS).optional(),
  dataset: z.object({ versionId: z.string(), contentHash: z.string() }),
});

/** Every value is a string: the platform's rule. Besides these two, each is a setting of the algorithm. */
const hyperparametersSchema = z
  .object({
    algorithm: z.enum(ALGORITHMS),
    seed: z
      .string()
      .regex(/^\d{1,15}$/, 'must be a whole number')
      .transform(Number),
  })
  .catchall(z.string());

export type TrainingSpec = z.infer<typeof specSchema>;

/** All that a training is asked to do. */
export interface TrainingOrder {
  readonly algorithm: (typeof ALGORITHMS)[number];
  readonly seed: number;
  readonly hyperparameters: Readonly<Record<string, unknown>>;
  readonly spec: TrainingSpec;
}

/** The same of a training that may also be somebody else's script. */
export type AnyTrainingOrder = Omit<TrainingOrder, 'algorithm'> & { readonly algorithm: VersionAlgorithm };

/** @throws AppError BAD_INPUT that names the file and what is wrong in it. */
export async function readOrder(layout: Layout): Promise<TrainingOrder> {
  const given = await readJson(join(layout.config, HYPERPARAMETERS_FILE), hyperparametersSchema);
  const { algorithm, seed, ...hyperparameters } = given;
  return { algorithm, seed, hyperparameters, spec: await readSpec(layout) };
}

/** @throws AppError BAD_INPUT that names the file and what is wrong in it. */
export async function readSpec(layout: Layout): Promise<TrainingSpec> {
  return readJson(join(layout.spec, SPEC_FILE), specSchema);
}

/** The content of hyperparameters.json. */
export function hyperparametersFile(order: Omit<AnyTrainingOrder, 'spec'>): Record<string, string> {
  const settings = Object.entries(order.hyperparameters).filter(([, value]) => value !== null && value !== undefined);
  return {
    ...Object.fromEntries(settings.map(([name, value]) => [name, String(value)])),
    algorithm: order.algorithm,
    seed: String(order.seed),
  };
}

/** @throws AppError BAD_INPUT that names the file and what is wrong in it. */
export async function readJson<Output>(path: string, schema: z.ZodType<Output>): Promise<Output> {
  const parsed = schema.safeParse(await parse(path));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path: field, message }) => `${field.join('.')}: ${message}`);
  throw new AppError('BAD_INPUT', `${path} is wrong. ${problems.join('; ')}`);
}

async function parse(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const problem = missing ? 'is missing' : 'cannot be read as JSON';
    throw new AppError('BAD_INPUT', `${path} ${problem}. \`train\` needs it.`, undefined, { cause });
  }
}
