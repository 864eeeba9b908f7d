import { Injectable } from '@nestjs/common';
import type { AccessTokenClaims } from './access-token.js';
import { hashToken } from './opaque-token.js';

const MAX_TOKENS = 10_000;

/**
 * Access tokens whose signature was found right. It stays so until they expire; whether their session has ended is asked
 * anew all the same, see RecentPrincipals. By hash: the process keeps no usable token in its memory.
 */
@Injectable()
export class VerifiedTokens {
  private readonly known = new Map<string, AccessTokenClaims>();

  /** What the token says; undefined if it has to be verified, for the first time or because it has expired. */
  find(token: string): AccessTokenClaims | undefined {
    const claims = this.known.get(keyOf(token));
    return claims && claims.exp * 1_000 > Date.now() ? claims : undefined;
  }

  remember(token: string, claims: AccessTokenClaims): void {
    const [oldest] = this.known.keys();
    if (this.known.size >= MAX_TOKENS && oldest !== undefined) this.known.delete(oldest);
    this.known.set(keyOf(token), claims);
  }
}

function keyOf(token: string): string {
  return hashToken(token).toString('base64');
}
