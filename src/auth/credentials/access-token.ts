import { createHash, hkdfSync } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';

export const TOKEN_ISSUER = 'boucle';
export const TOKEN_AUDIENCE = 'boucle-api';
/** Media type of access tokens (RFC 9068): a token made for another purpose is none. */
export const TOKEN_TYPE = 'at+jwt';
export const TOKEN_ALGORITHM = 'HS256';
export const TOKEN_LIFETIME_SECONDS = 15 * 60;

export interface AccessTokenClaims {
  /** User id. */
  readonly sub: string;
  /** Session id. */
  readonly sid: string;
  /** When it was issued and when it expires, in seconds since 1970. */
  readonly iat: number;
  readonly exp: number;
}

/** The key that signs access tokens, and the id that tells it from the one before a change of BOUCLE_SECRET. */
@Injectable()
export class SigningKey {
  readonly secret: Buffer;
  readonly id: string;

  constructor(@Inject(CONFIG) config: Config) {
    if (config.BOUCLE_SECRET === undefined) throw new Error('BOUCLE_SECRET is set before modules are built');
    this.secret = Buffer.from(hkdfSync('sha256', config.BOUCLE_SECRET, '', 'boucle access token', 32));
    this.id = createHash('sha256').update(this.secret).digest('base64url').slice(0, 16);
  }
}

/** Issues access tokens. Roles are not in them: they are read anew, so a change works on tokens already issued. */
@Injectable()
export class AccessTokens {
  constructor(
    private readonly jwt: JwtService,
    private readonly key: SigningKey,
  ) {}

  async issue(userId: string, sessionId: string): Promise<{ token: string; expiresAt: Date }> {
    const issuedAt = Math.floor(Date.now() / 1000);
    const token = await this.jwt.signAsync(
      { sid: sessionId, iat: issuedAt },
      {
        secret: this.key.secret,
        algorithm: TOKEN_ALGORITHM,
        header: { alg: TOKEN_ALGORITHM, typ: TOKEN_TYPE, kid: this.key.id },
        subject: userId,
        issuer: TOKEN_ISSUER,
        audience: TOKEN_AUDIENCE,
        expiresIn: TOKEN_LIFETIME_SECONDS,
      },
    );
    return { token, expiresAt: new Date((issuedAt + TOKEN_LIFETIME_SECONDS) * 1000) };
  }
}
