import { Args, ID, Mutation, Query, Resolver } from '@nestjs/graphql';
import { mapPage, Page, PageArgs } from '../../platform/graphql/pagination.js';
import { ZodPipe } from '../../platform/http/zod.pipe.js';
import { CurrentPrincipal, RequireSession } from '../access.js';
import type { Principal } from '../principal.js';
import { idSchema } from '../users/user.types.js';
import { SessionPage, SessionType, toSessionType } from './session.types.js';
import { SessionsService } from './sessions.service.js';

@Resolver()
export class SessionsResolver {
  constructor(private readonly sessions: SessionsService) {}

  @Query(() => SessionPage, { name: 'sessions', description: 'Your own sessions that are open.' })
  @RequireSession()
  async list(@CurrentPrincipal() principal: Principal, @Args() page: PageArgs): Promise<Page<SessionType>> {
    return mapPage(await this.sessions.list(principal, page), (session) => toSessionType(session, principal));
  }

  @Mutation(() => Boolean, { description: 'Ends one of your own sessions, within 5 seconds on every replica.' })
  @RequireSession()
  async revokeSession(
    @CurrentPrincipal() principal: Principal,
    @Args('id', { type: () => ID }, new ZodPipe(idSchema)) id: string,
  ): Promise<boolean> {
    await this.sessions.revoke(principal, id);
    return true;
  }
}
