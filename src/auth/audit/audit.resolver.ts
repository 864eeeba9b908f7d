import { Args, Query, Resolver } from '@nestjs/graphql';
import { z } from 'zod';
import { Page, PageArgs } from '../../platform/graphql/pagination.js';
import { ZodPipe } from '../../platform/http/zod.pipe.js';
import { RequireRole } from '../access.js';
import { idSchema } from '../users/user.types.js';
import type { AuditEvent } from './audit-event.entity.js';
import { AuditService } from './audit.service.js';
import { AuditEventFilter, AuditEventPage } from './audit.types.js';

const given = <Value>(schema: z.ZodType<Value>) => schema.nullish().transform((value) => value ?? undefined);
const filterSchema = z
  .object({ action: given(z.string()), actorId: given(idSchema), subjectId: given(z.string()) })
  .nullish();

@Resolver()
export class AuditResolver {
  constructor(private readonly audit: AuditService) {}

  @Query(() => AuditEventPage, { name: 'auditEvents' })
  @RequireRole('ADMIN')
  list(
    @Args() page: PageArgs,
    @Args('filter', { type: () => AuditEventFilter, nullable: true }, new ZodPipe(filterSchema))
    filter?: z.output<typeof filterSchema>,
  ): Promise<Page<AuditEvent>> {
    return this.audit.list(page, filter ?? {});
  }
}
