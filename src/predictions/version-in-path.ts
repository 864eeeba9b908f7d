import { AppError } from '../errors/app-error.js';

const VERSION = /^[1-9]\d{0,8}$/;

/** @throws AppError BAD_INPUT for what is no number of a version. */
export function versionInPath(text: string): number {
  if (VERSION.test(text)) return Number(text);
  throw new AppError('BAD_INPUT', 'The version in the path must be a number such as 3.');
}
