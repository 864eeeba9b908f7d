import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import passport from 'passport';
import { AppError } from '../../errors/app-error.js';
import { CallerCheck } from '../../platform/http/caller-check.js';
import type { Principal } from '../principal.js';

type Middleware = (request: FastifyRequest, response: object, next: (error?: Error) => void) => void;

/** Asks the strategies that the guard asks, outside of any handler. */
@Injectable()
export class PassportCallerCheck extends CallerCheck {
  override async identify(request: FastifyRequest): Promise<string | undefined> {
    const principal = await principalOf(request);
    return principal && JSON.stringify(principal);
  }
}

async function principalOf(request: FastifyRequest): Promise<Principal | undefined> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null | undefined, found?: Principal | false | null): void => {
      // The strategies refuse a session that has ended by an error; what else goes wrong says nothing of the caller.
      if (error instanceof AppError && error.code === 'UNAUTHENTICATED') resolve(undefined);
      else if (error) reject(error);
      else resolve(found || undefined);
    };
    const strategies = ['access-token', 'api-key'];
    const authenticate: unknown = passport.authenticate(strategies, { session: false }, done);
    (authenticate as Middleware)(request, {}, done);
  });
}
