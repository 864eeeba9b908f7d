import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { validate as isUuid } from 'uuid';
import { AppError } from '../../errors/app-error.js';
import type { Principal } from '../principal.js';
import { SessionsService } from '../sessions/sessions.service.js';
import {
  AccessTokenClaims,
  SigningKey,
  TOKEN_ALGORITHM,
  TOKEN_AUDIENCE,
  TOKEN_ISSUER,
  TOKEN_LIFETIME_SECONDS,
  TOKEN_TYPE,
} from './access-token.js';
import { API_KEY_START } from './api-key-text.js';
import { RecentPrincipals } from './recent-principals.js';
import { VerifiedTokens } from './verified-tokens.js';

const bearer = ExtractJwt.fromAuthHeaderAsBearerToken();

/** `Authorization: Bearer <access token>`. */
@Injectable()
export class AccessTokenStrategy extends PassportStrategy(Strategy, 'access-token') {
  constructor(
    key: SigningKey,
    private readonly sessions: SessionsService,
    private readonly recent: RecentPrincipals,
    private readonly verified: VerifiedTokens,
  ) {
    super({
      passReqToCallback: true,
      jwtFromRequest: (request) => {
        const token = bearer(request);
        return token?.startsWith(API_KEY_START) ? null : token;
      },
      secretOrKeyProvider: (_request, token: string, done) => {
        if (isForKey(token, key)) done(null, key.secret);
        else done(new Error('not an access token of this installation'));
      },
      issuer: TOKEN_ISSUER,
      audience: TOKEN_AUDIENCE,
      algorithms: [TOKEN_ALGORITHM],
    });
  }

  /** @returns false for a token that is signed, but not as {@link AccessTokens} would. */
  async validate(request: FastifyRequest, claims: Partial<AccessTokenClaims>): Promise<Principal | false> {
    if (!isComplete(claims)) return false;
    const token = bearer(request);
    if (token !== null) this.verified.remember(token, claims);
    return this.principalOf(request, claims);
  }

  /** The caller by a token that was verified before, undefined for any other request. */
  async validateKnown(request: FastifyRequest): Promise<Principal | undefined> {
    const token = bearer(request);
    const claims = token === null ? undefined : this.verified.find(token);
    return claims && this.principalOf(request, claims);
  }

  private async principalOf(request: FastifyRequest, { sub, sid }: AccessTokenClaims): Promise<Principal> {
    const caller = await this.recent.find(`session ${sid}`, () => this.sessions.findCaller(sid));
    if (caller?.userId !== sub) {
      throw new AppError('UNAUTHENTICATED', 'This session has ended. Log in again.');
    }
    return { ...caller, address: request.ip };
  }
}

function isComplete(claims: Partial<AccessTokenClaims>): claims is AccessTokenClaims {
  const { sub, sid, iat, exp } = claims;
  return isUuid(sub) && isUuid(sid) && Number(exp) - Number(iat) === TOKEN_LIFETIME_SECONDS;
}

/** Looks at the header only; the signature over it is verified afterwards. */
function isForKey(token: string, key: SigningKey): boolean {
  try {
    const header: unknown = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString());
    const { typ, kid } = header as { typ?: unknown; kid?: unknown };
    return typ === TOKEN_TYPE && kid === key.id;
  } catch {
    return false; // Not even JSON, so no token of ours.
  }
}
