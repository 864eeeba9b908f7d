import { Injectable } from '@nestjs/common';
import { InjectEntityManager } from '@nestjs/typeorm';
import { EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { Page, PageArgs, paginate } from '../../platform/graphql/pagination.js';
import type { Principal } from '../principal.js';
import { AuditEvent } from './audit-event.entity.js';

/** Who acted: a signed-in caller, a user who is just signing in, an unknown client, or null for the system itself. */
export type AuditActor =
  | Principal
  | { readonly userId?: string; readonly address: string; readonly credential?: Principal['credential'] }
  | null;

export interface AuditRecord {
  readonly actor: AuditActor;
  /** `<subject>.<past participle>`, such as `model_version.promoted`. */
  readonly action: string;
  readonly subject?: { readonly kind: string; readonly id: string };
  /** What helps to understand the event: never a secret, never personal data, since it can't be erased. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** What a list of events is narrowed to. */
export interface AuditFilter {
  readonly action?: string;
  readonly actorId?: string;
  readonly subjectId?: string;
}

/** The audit log. */
@Injectable()
export class AuditService {
  constructor(@InjectEntityManager() private readonly manager: EntityManager) {}

  /** Adds an event to the transaction of `manager`: it stands in the log if, and only if, the deed was done. */
  async record(manager: EntityManager, { actor, action, subject, details }: AuditRecord): Promise<void> {
    await manager.insert(AuditEvent, {
      id: uuidv7(),
      actorId: actor?.userId ?? null,
      credentialKind: actor?.credential?.kind ?? null,
      credentialId: actor?.credential?.id ?? null,
      address: actor?.address ?? null,
      action,
      subjectKind: subject?.kind ?? null,
      subjectId: subject?.id ?? null,
      details: { ...details },
    });
  }

  list(page: PageArgs, { action, actorId, subjectId }: AuditFilter): Promise<Page<AuditEvent>> {
    const query = this.manager.createQueryBuilder(AuditEvent, 'event').where({
      ...(action !== undefined && { action }),
      ...(actorId !== undefined && { actorId }),
      ...(subjectId !== undefined && { subjectId }),
    });
    return paginate(query, 'event', page);
  }
}
