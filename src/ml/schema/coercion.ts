import type { FeatureType } from './signature.js';

/** The value as its type, without loss; undefined means refused. */
export const coerce: Readonly<Record<FeatureType, (value: unknown) => unknown>> = {
  NUMBER: (value) => (typeof value === 'number' ? exact(value) : typeof value === 'string' ? parse(value) : undefined),
  BOOLEAN: (value) => {
    if (typeof value === 'boolean') return value;
    if (value === 1 || value === '1' || value === 'true') return true;
    if (value === 0 || value === '0' || value === 'false') return false;
    return undefined;
  },
  STRING: (value) => {
    if (typeof value === 'string') return UNSTORABLE.test(value) ? undefined : value;
    if (typeof value === 'number') return exact(value)?.toString();
    return typeof value === 'boolean' ? String(value) : undefined;
  },
};

/** NUL and unpaired surrogates, which neither UTF-8 nor PostgreSQL's text can hold. */
const UNSTORABLE = /\0|\p{Surrogate}/u;

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const MAX_DIGITS = 64;

function parse(text: string): number | undefined {
  if (text.length > MAX_DIGITS || !DECIMAL.test(text)) return undefined;
  const value = Number(text);
  const exponent = text.includes('e') || text.includes('E');
  return exponent || Math.abs(value) <= Number.MAX_SAFE_INTEGER ? exact(value) : undefined;
}

/** From here on numbers are written with an exponent, so they are measurements and no integers. */
const EXPONENT_FROM = 1e21;

/**
 * The number if it means what was written: float32 must hold it, and a larger integer than 2^53 (an identifier, most
 * likely) has lost digits as soon as JSON was parsed.
 */
export function exact(value: number): number | undefined {
  if (!Number.isFinite(Math.fround(value))) return undefined;
  const magnitude = Math.abs(value);
  return magnitude > Number.MAX_SAFE_INTEGER && magnitude < EXPONENT_FROM ? undefined : value;
}
