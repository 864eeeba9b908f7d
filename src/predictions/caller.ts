import type { Principal } from '../auth/principal.js';
import type { CallerKind } from './prediction.entity.js';

/** Who is named in the log: the API key that was used, otherwise the user. */
export function callerOf({ credential, userId }: Principal): { readonly kind: CallerKind; readonly id: string } {
  return credential.kind === 'API_KEY' ? { kind: 'API_KEY', id: credential.id } : { kind: 'USER', id: userId };
}
