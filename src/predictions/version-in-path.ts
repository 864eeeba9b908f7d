import { AppError } from '../errors/app-error.js';
import type { VersionSelector } from '../models/model-registry.js';

/** Parameters of a path that names a model, and maybe one of its versions. */
export interface ModelPath {
  readonly model: string;
  readonly version?: string;
}

const VERSION = /^[1-9]\d{0,8}$/;

/** @throws AppError BAD_INPUT for a version that is no number. */
export function selectorOf({ model, version }: ModelPath): VersionSelector {
  return version === undefined ? { model } : { model, version: versionInPath(version) };
}

/** @throws AppError BAD_INPUT for what is no number of a version. */
export function versionInPath(text: string): number {
  if (VERSION.test(text)) return Number(text);
  throw new AppError('BAD_INPUT', 'The version in the path must be a number such as 3.');
}
