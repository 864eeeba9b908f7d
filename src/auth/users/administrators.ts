import { EntityManager, IsNull, Not } from 'typeorm';
import { AppError } from '../../errors/app-error.js';
import { User } from './user.entity.js';

/** Any fixed number, different from those of other advisory locks. */
const ADMINISTRATORS_LOCK = 7_210_934;

/** Lets only one transaction at a time decide who is an administrator. Held until the transaction ends. */
export async function lockAdministrators(manager: EntityManager): Promise<void> {
  await manager.query('SELECT pg_advisory_xact_lock($1)', [ADMINISTRATORS_LOCK]);
}

/**
 * Makes sure that somebody can administer when `userId` no longer can. Call it under {@link lockAdministrators}: two
 * administrators could otherwise remove each other at the same moment.
 * @throws AppError INVALID_STATE
 */
export async function requireAnotherAdministrator(manager: EntityManager, userId: string): Promise<void> {
  const others = await manager.countBy(User, { role: 'ADMIN', disabledAt: IsNull(), id: Not(userId) });
  if (others > 0) return;
  throw new AppError('INVALID_STATE', 'This is the last active administrator. Make another user ADMIN first.');
}

export function isActiveAdministrator(user: User): boolean {
  return user.role === 'ADMIN' && user.disabledAt === null;
}
