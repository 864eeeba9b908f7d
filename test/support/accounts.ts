import { randomUUID } from 'node:crypto';
import type { Boucle } from './boucle-process.js';
import type { TestDatabase } from './database.js';

export interface Account {
  readonly token: string;
  readonly userId: string;
}

/** Registers a user over the API and gives it a role. The process must run with REGISTRATION=open. */
export async function signUp(
  boucle: Boucle,
  database: TestDatabase,
  role: 'VIEWER' | 'PREDICTOR' | 'ENGINEER' | 'ADMIN',
  canPromote = false,
): Promise<Account> {
  const input = { email: `${randomUUID()}@example.org`, password: 'a good long pass phrase' };
  const { register } = await boucle.ask(
    'mutation ($input: RegisterInput!) { register(input: $input) { accessToken user { id } } }',
    { input },
  );
  await database.query('UPDATE app_user SET role = $1, can_promote = $2 WHERE id = $3', [
    role,
    canPromote,
    register.user.id,
  ]);
  return { token: register.accessToken, userId: register.user.id };
}
