import { Args, ID, Mutation, Query, Resolver } from '@nestjs/graphql';
import { mapPage, Page, PageArgs } from '../../platform/graphql/pagination.js';
import { ZodPipe } from '../../platform/http/zod.pipe.js';
import { CurrentPrincipal, RequireRole } from '../access.js';
import type { Principal } from '../principal.js';
import { UsersService } from './users.service.js';
import { idSchema, SetUserRoleInput, setUserRoleSchema, toUserType, UserPage, UserType } from './user.types.js';

@Resolver()
export class UsersResolver {
  constructor(private readonly users: UsersService) {}

  @Query(() => UserType, { description: 'The user whose session or API key the request carries.' })
  @RequireRole('VIEWER')
  async me(@CurrentPrincipal() principal: Principal): Promise<UserType> {
    return toUserType(await this.users.get(principal.userId));
  }

  @Query(() => UserPage, { name: 'users' })
  @RequireRole('ADMIN')
  async list(@Args() page: PageArgs): Promise<Page<UserType>> {
    return mapPage(await this.users.list(page), toUserType);
  }

  @Mutation(() => UserType, { description: 'Works on sessions and API keys in use within 5 seconds.' })
  @RequireRole('ADMIN', { sessionOnly: true })
  async setUserRole(
    @CurrentPrincipal() principal: Principal,
    @Args('input', new ZodPipe(setUserRoleSchema)) { userId, role, canPromote }: SetUserRoleInput,
  ): Promise<UserType> {
    return toUserType(await this.users.setRole(principal, userId, role, canPromote ?? undefined));
  }

  @Mutation(() => UserType, { description: 'Ends the sessions of a user; their API keys rest until enableUser.' })
  @RequireRole('ADMIN', { sessionOnly: true })
  async disableUser(
    @CurrentPrincipal() principal: Principal,
    @Args('id', { type: () => ID }, new ZodPipe(idSchema)) id: string,
  ): Promise<UserType> {
    return toUserType(await this.users.disable(principal, id));
  }

  @Mutation(() => UserType)
  @RequireRole('ADMIN', { sessionOnly: true })
  async enableUser(
    @CurrentPrincipal() principal: Principal,
    @Args('id', { type: () => ID }, new ZodPipe(idSchema)) id: string,
  ): Promise<UserType> {
    return toUserType(await this.users.enable(principal, id));
  }

  @Mutation(() => Boolean, { description: 'Removes a user with all sessions and API keys, for good.' })
  @RequireRole('ADMIN', { sessionOnly: true })
  async deleteUser(
    @CurrentPrincipal() principal: Principal,
    @Args('id', { type: () => ID }, new ZodPipe(idSchema)) id: string,
  ): Promise<boolean> {
    await this.users.delete(principal, id);
    return true;
  }
}
