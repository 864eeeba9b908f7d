import { within } from '../within.js';

/** Longest time that a request waits for what it has to look up. */
const LOOKUP_MS = 5_000;

/** @throws Error that clients see as UNAVAILABLE if the database does not answer a look-up in time. */
export function answerInTime<Result>(lookup: Promise<Result>): Promise<Result> {
  return within(lookup, LOOKUP_MS, 'no answer from the database');
}
