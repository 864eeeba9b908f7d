import { hashText } from '../../statistics/hash.js';
import { Random } from '../../statistics/random.js';
import type { Algorithm } from '../trainer.js';
import type { Domain, SearchSpace } from './space.js';

/** What one trial trains with; what is not named keeps its default. */
export interface Configuration {
  readonly algorithm: Algorithm;
  readonly hyperparameters: Readonly<Record<string, number>>;
}

/** Draws without anything new after which a space is taken to be exhausted. */
const MAX_REPEATS = 100;
/** Digits of what is drawn: people read it, and the last bits of a logarithm differ from machine to machine. */
const DIGITS = 6;

/**
 * Configurations that differ from each other, in turn from each algorithm; fewer than `most` if the space holds no more.
 * The first of an algorithm are its defaults, as far as its space has them, so that a search does not end worse than
 * without one; the others are drawn at random (Bergstra and Bengio 2012). The same space and seed give the same
 * sequence, however many are taken of it.
 */
export function configurations(space: SearchSpace, seed: number, most: number): Configuration[] {
  const found: Configuration[] = [];
  let sources = Object.entries(space).map(([algorithm, domains]) => ofAlgorithm(algorithm as Algorithm, domains, seed));
  while (sources.length > 0 && found.length < most) {
    const turn = sources.map((source) => ({ source, next: source.next() }));
    found.push(...turn.flatMap(({ next }) => (next.done === true ? [] : next.value)));
    sources = turn.filter(({ next }) => next.done !== true).map(({ source }) => source);
  }
  return found.slice(0, most);
}

function* ofAlgorithm(
  algorithm: Algorithm,
  domains: readonly Domain[],
  seed: number,
): Generator<Configuration, void, undefined> {
  const random = new Random(seed, hashText(algorithm, { low: 0, high: 0 }).low);
  const seen = new Set<string>();
  for (let repeats = 0; repeats < MAX_REPEATS;) {
    const values = domains.map((domain) => [domain.hyperparameter, valueOf(domain, seen.size === 0, random)] as const);
    const hyperparameters = Object.fromEntries(values.filter(([, value]) => value !== null)) as Record<string, number>;
    const text = JSON.stringify(hyperparameters);
    if (seen.has(text)) {
      repeats++;
      continue;
    }
    repeats = 0;
    seen.add(text);
    yield { algorithm, hyperparameters };
  }
}

function valueOf(domain: Domain, isFirst: boolean, random: Random): number | null {
  return isFirst && domain.start !== undefined ? domain.start : draw(domain, random);
}

/** One value of a domain, each as likely as its scale says. */
export function draw(domain: Domain, random: Random): number {
  if ('values' in domain) return domain.values[random.below(domain.values.length)]!;
  const { min, max, type, scale } = domain;
  // Whole numbers are cut off, so the last one gets its share only if the range ends behind it.
  const end = type === 'INTEGER' ? max + 1 : max;
  const share = random.uniform();
  const value = scale === 'LOG' ? min * (end / min) ** share : min + (end - min) * share;
  const readable = type === 'INTEGER' ? Math.floor(value) : Number(value.toPrecision(DIGITS));
  return Math.min(max, Math.max(min, readable));
}
