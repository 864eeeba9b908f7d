import { HyperparameterError } from './errors.js';

/** Values between two bounds, both included: drawn evenly, or evenly in their logarithm. */
export interface SearchRange {
  readonly min: number;
  readonly max: number;
  readonly scale: 'LINEAR' | 'LOG';
}

/** One setting of an algorithm. A default of null means that the algorithm chooses by the data. */
export interface HyperparameterSpec {
  readonly name: string;
  readonly type: 'INTEGER' | 'NUMBER';
  readonly min: number;
  readonly max: number;
  readonly default: number | null;
  readonly description: string;
  /** Where a search looks unless it is told otherwise; without one it keeps the default. */
  readonly search?: SearchRange;
}

export type Hyperparameters = Readonly<Record<string, number | null>>;

/**
 * Fills in defaults and checks what a user gave. Numbers written as text are accepted, since container platforms hand
 * hyperparameters over as strings; null stands for the default.
 *
 * @throws HyperparameterError with reason UNKNOWN, WRONG_TYPE or OUT_OF_RANGE.
 */
export function resolveHyperparameters(
  specs: readonly HyperparameterSpec[],
  given: Readonly<Record<string, unknown>> = {},
): Hyperparameters {
  for (const name of Object.keys(given)) {
    if (specs.some((spec) => spec.name === name)) continue;
    const known = specs.map((spec) => spec.name).join(', ');
    throw new HyperparameterError('UNKNOWN', name, `There is no hyperparameter "${name}"; choose among ${known}.`);
  }
  return Object.fromEntries(specs.map((spec) => [spec.name, resolve(spec, given[spec.name])]));
}

function resolve(spec: HyperparameterSpec, given: unknown): number | null {
  if (given === undefined || given === null) return spec.default;
  const value = typeof given === 'string' && given.trim() !== '' ? Number(given) : given;
  const kind = spec.type === 'INTEGER' ? 'a whole number' : 'a number';
  if (typeof value !== 'number' || Number.isNaN(value) || (spec.type === 'INTEGER' && !Number.isInteger(value))) {
    throw new HyperparameterError(
      'WRONG_TYPE',
      spec.name,
      `"${spec.name}" must be ${kind}, not ${JSON.stringify(given)}.`,
    );
  }
  if (value < spec.min || value > spec.max) {
    const message = `"${spec.name}" must lie between ${spec.min} and ${spec.max}; ${value} does not.`;
    throw new HyperparameterError('OUT_OF_RANGE', spec.name, message);
  }
  return value;
}

/** Shared by all algorithms: the signature names the kept categories. */
export const MAX_CATEGORIES: HyperparameterSpec = {
  name: 'maxCategories',
  type: 'INTEGER',
  min: 1,
  max: 10_000,
  default: 1000,
  description: 'Values kept per text feature, most frequent first; the rest count as "other".',
};
