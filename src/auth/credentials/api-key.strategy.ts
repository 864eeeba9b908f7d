import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { FastifyRequest } from 'fastify';
import { Strategy } from 'passport-custom';
import { AppError } from '../../errors/app-error.js';
import { ApiKeysService } from '../api-keys/api-keys.service.js';
import type { Principal } from '../principal.js';
import { API_KEY_START } from './api-key-text.js';
import { hashTokenAsText } from './opaque-token.js';
import { RecentPrincipals } from './recent-principals.js';

const BEARER_KEY = new RegExp(`^bearer\\s+${API_KEY_START}\\S+$`, 'i');

/** `X-API-Key: boucle_…` or `Authorization: Bearer boucle_…`. */
@Injectable()
export class ApiKeyStrategy extends PassportStrategy(Strategy, 'api-key') {
  constructor(
    private readonly apiKeys: ApiKeysService,
    private readonly recent: RecentPrincipals,
  ) {
    super();
  }

  /** @returns false if the request carries no key, so that it counts as anonymous. */
  async validate(request: FastifyRequest): Promise<Principal | false> {
    const key = keyOf(request);
    if (key === undefined) return false;
    // Remembered by hash: the process keeps no usable key in its memory.
    const caller = await this.recent.find(`key ${hashTokenAsText(key)}`, () => this.apiKeys.findCaller(key));
    if (!caller) {
      throw new AppError('UNAUTHENTICATED', 'This API key is unknown, revoked or expired. Create a new one.');
    }
    return { ...caller, address: request.ip };
  }
}

/** Whether a key is all that the request has to show: nobody else needs to look at it. */
export function carriesOnlyKey({ headers }: FastifyRequest): boolean {
  if (headers.authorization === undefined) return headers['x-api-key'] !== undefined;
  return headers['x-api-key'] === undefined && BEARER_KEY.test(headers.authorization);
}

function keyOf({ headers }: FastifyRequest): string | undefined {
  const own = headers['x-api-key'];
  if (typeof own === 'string') return own;
  const [, bearer] = /^bearer\s+(\S+)$/i.exec(headers.authorization ?? '') ?? [];
  return bearer?.startsWith(API_KEY_START) ? bearer : undefined;
}
