import { mayUseModel, type Principal } from '../auth/principal.js';
import { AppError } from '../errors/app-error.js';
import type { CallerKind } from './prediction.entity.js';

/** Who is named in the log: the API key that was used, otherwise the user. */
export function callerOf({ credential, userId }: Principal): { readonly kind: CallerKind; readonly id: string } {
  return credential.kind === 'API_KEY' ? { kind: 'API_KEY', id: credential.id } : { kind: 'USER', id: userId };
}

/** @throws AppError NOT_FOUND for an API key that is meant for other models. */
export function checkMayUse(principal: Principal, model: string): void {
  if (mayUseModel(principal, model)) return;
  throw new AppError(
    'NOT_FOUND',
    `This API key is not meant for a model ${model}. Use a key that names it, or ask an administrator for one.`,
  );
}
