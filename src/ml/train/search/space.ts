import { HyperparameterError } from '../errors.js';
import type { HyperparameterSpec, SearchRange } from '../hyperparameters.js';
import { type Algorithm, TRAINERS } from '../trainer.js';

/** The values that a search may give to one hyperparameter: a few, or a range. */
export type Domain = {
  readonly hyperparameter: string;
  /** What the first configuration takes; null leaves it to the algorithm. Where it is absent, that one is drawn, too. */
  readonly start?: number | null;
} & ({ readonly values: readonly number[] } | (SearchRange & { readonly type: HyperparameterSpec['type'] }));

/** What each algorithm is tried with. What has no domain keeps its default. */
export type SearchSpace = Readonly<Partial<Record<Algorithm, readonly Domain[]>>>;

/** A domain as a user gives it: `values`, or `min` and `max`. Without `algorithm` it is for all that know the name. */
export interface GivenDomain {
  readonly hyperparameter: string;
  readonly algorithm?: Algorithm | null;
  readonly min?: number | null;
  readonly max?: number | null;
  readonly scale?: SearchRange['scale'] | null;
  readonly values?: readonly number[] | null;
}

/**
 * The space of a search: what is given, and for the rest the ranges of the trainers' specs. A domain that names its
 * algorithm comes before one that does not.
 *
 * @throws HyperparameterError that names the hyperparameter and what is wrong: unknown to all algorithms, given twice,
 *   neither or both of values and range, empty, upside down, beyond the algorithm's limits, or fractions of a whole number.
 */
export function resolveSpace(algorithms: readonly Algorithm[], given: readonly GivenDomain[]): SearchSpace {
  for (const domain of given) checkAddress(algorithms, given, domain);
  return Object.fromEntries(algorithms.map((algorithm) => [algorithm, domainsOf(algorithm, given)]));
}

function checkAddress(algorithms: readonly Algorithm[], given: readonly GivenDomain[], domain: GivenDomain): void {
  const { hyperparameter: name, algorithm } = domain;
  if (algorithm && !algorithms.includes(algorithm)) {
    const message = `The range of "${name}" is for ${algorithm}, which this search does not try. Add it to the algorithms, or leave the range out.`;
    throw new HyperparameterError('UNKNOWN', name, message);
  }
  const addressed = algorithm ? [algorithm] : algorithms;
  const known = [...new Set(addressed.flatMap((one) => TRAINERS[one].hyperparameters.map((spec) => spec.name)))];
  if (!known.includes(name)) {
    const message = `${addressed.join(', ')}: there is no hyperparameter "${name}". Choose among ${known.join(', ')}.`;
    throw new HyperparameterError('UNKNOWN', name, message);
  }
  const twins = given.filter(
    (other) => other.hyperparameter === name && (other.algorithm ?? null) === (algorithm ?? null),
  );
  if (twins.length === 1) return;
  throw bad(name, `"${name}" is given ${twins.length} times. Give one range, or one for each algorithm.`);
}

function domainsOf(algorithm: Algorithm, given: readonly GivenDomain[]): Domain[] {
  return TRAINERS[algorithm].hyperparameters.flatMap((spec) => {
    const ofName = given.filter((domain) => domain.hyperparameter === spec.name);
    const chosen =
      ofName.find((domain) => domain.algorithm === algorithm) ?? ofName.find((domain) => !domain.algorithm);
    if (chosen) return [checkedDomain(algorithm, spec, chosen)];
    if (!spec.search) return [];
    return [{ hyperparameter: spec.name, type: spec.type, ...spec.search, start: spec.default }];
  });
}

function checkedDomain(algorithm: Algorithm, spec: HyperparameterSpec, given: GivenDomain): Domain {
  const domain = given.values ? listOf(spec, given.values, given) : rangeOf(spec, given);
  const named = 'values' in domain ? domain.values : [domain.min, domain.max];
  for (const value of named) checkLimits(algorithm, spec, value);
  return spec.default !== null && holds(domain, spec.default) ? { ...domain, start: spec.default } : domain;
}

function listOf({ name }: HyperparameterSpec, values: readonly number[], { min, max, scale }: GivenDomain): Domain {
  if (isGiven(min) || isGiven(max) || isGiven(scale)) {
    throw bad(name, `"${name}" has both values and a range. Give \`values\`, or \`min\` and \`max\`.`);
  }
  if (values.length === 0) throw bad(name, `"${name}" has no values. Give one at least, or leave it out.`);
  return { hyperparameter: name, values: [...new Set(values)] };
}

function rangeOf({ name, type }: HyperparameterSpec, { min, max, scale }: GivenDomain): Domain {
  if (!isGiven(min) || !isGiven(max)) {
    throw bad(name, `"${name}" needs \`min\` and \`max\`, or \`values\`.`);
  }
  if (!(min < max)) {
    throw bad(
      name,
      `"${name}" has a min of ${min}, which must be below its max of ${max}. For one value use \`values\`.`,
    );
  }
  if (scale === 'LOG' && min <= 0) {
    throw bad(
      name,
      `"${name}" can't have the scale LOG from ${min}: it has no logarithm. Begin above 0, or use LINEAR.`,
    );
  }
  return { hyperparameter: name, type, min, max, scale: scale ?? 'LINEAR' };
}

function checkLimits(algorithm: Algorithm, { name, type, min, max }: HyperparameterSpec, value: number): void {
  if (type === 'INTEGER' && !Number.isInteger(value)) {
    throw new HyperparameterError('WRONG_TYPE', name, `"${name}" takes whole numbers; ${value} is none.`);
  }
  if (value >= min && value <= max) return;
  const message = `${algorithm}: "${name}" must lie between ${min} and ${max}; ${value} does not.`;
  throw new HyperparameterError('OUT_OF_RANGE', name, message);
}

function holds(domain: Domain, value: number): boolean {
  return 'values' in domain ? domain.values.includes(value) : value >= domain.min && value <= domain.max;
}

function isGiven<Value>(value: Value | null | undefined): value is Value {
  return value !== null && value !== undefined;
}

function bad(hyperparameter: string, message: string): HyperparameterError {
  return new HyperparameterError('BAD_DOMAIN', hyperparameter, message);
}
