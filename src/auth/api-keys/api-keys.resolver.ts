import { Args, ID, Mutation, Query, Resolver } from '@nestjs/graphql';
import { z } from 'zod';
import { mapPage, Page, PageArgs } from '../../platform/graphql/pagination.js';
import { ZodPipe } from '../../platform/http/zod.pipe.js';
import { CurrentPrincipal, RequireSession } from '../access.js';
import type { Principal } from '../principal.js';
import { idSchema } from '../users/user.types.js';
import {
  ApiKeyPage,
  ApiKeyType,
  CreateApiKeyInput,
  createApiKeySchema,
  NewApiKey,
  toApiKeyType,
} from './api-key.types.js';
import { ApiKeysService } from './api-keys.service.js';

@Resolver()
export class ApiKeysResolver {
  constructor(private readonly apiKeys: ApiKeysService) {}

  @Query(() => ApiKeyPage, { name: 'apiKeys', description: 'Your own API keys that are not revoked.' })
  @RequireSession()
  async list(@CurrentPrincipal() principal: Principal, @Args() page: PageArgs): Promise<Page<ApiKeyType>> {
    return mapPage(await this.apiKeys.list(principal, page), toApiKeyType);
  }

  @Mutation(() => NewApiKey, { description: 'Send the key as `X-API-Key`, or as a bearer token.' })
  @RequireSession()
  async createApiKey(
    @CurrentPrincipal() principal: Principal,
    @Args('input', { type: () => CreateApiKeyInput }, new ZodPipe(createApiKeySchema))
    scope: z.output<typeof createApiKeySchema>,
  ): Promise<NewApiKey> {
    const { secret, apiKey } = await this.apiKeys.create(principal, scope);
    return { secret, apiKey: toApiKeyType(apiKey) };
  }

  @Mutation(() => Boolean, { description: 'Ends one of your own API keys, within 5 seconds on every replica.' })
  @RequireSession()
  async revokeApiKey(
    @CurrentPrincipal() principal: Principal,
    @Args('id', { type: () => ID }, new ZodPipe(idSchema)) id: string,
  ): Promise<boolean> {
    await this.apiKeys.revoke(principal, id);
    return true;
  }
}
