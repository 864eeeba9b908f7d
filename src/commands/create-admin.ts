import { NestFactory } from '@nestjs/core';
import { Module } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { AuthModule } from '../auth/auth.module.js';
import { emailSchema } from '../auth/accounts/email.js';
import { RegistrationService } from '../auth/accounts/registration.service.js';
import { User } from '../auth/users/user.entity.js';
import { Config, loadConfig } from '../config/config.js';
import { ConfigModule } from '../config/config.module.js';
import { DatabaseModule } from '../platform/database/database.module.js';
import { ensureSchema } from '../platform/database/migrate.js';
import { openDatabase } from '../platform/database/open-database.js';
import { parseInput } from '../platform/http/zod.pipe.js';
import { readPassword } from './read-password.js';

/**
 * Adds an administrator. There is no default password: it is typed at the terminal, or comes from standard input.
 * @throws AppError CONFLICT for a known address, BAD_INPUT for a weak password.
 */
export async function createAdmin(email: string): Promise<void> {
  const { email: address } = parseInput(z.object({ email: emailSchema }), { email });
  const password = await readPassword(address);
  const database = await openDatabase(loadConfig(process.env));
  try {
    await ensureSchema(database.config);
    await addAdministrator(database.config, address, password);
  } finally {
    await database.close();
  }
}

async function addAdministrator(config: Config, email: string, password: string): Promise<void> {
  const app = await NestFactory.createApplicationContext(commandModule(config), { logger: false, abortOnError: false });
  try {
    const known = await app.get(DataSource).manager.count(User);
    await app.get(RegistrationService).createAdministrator(email, password);
    const besides = known > 0 ? ` (accounts that existed before: ${known})` : '';
    process.stdout.write(`${email} is an administrator now${besides}. Log in with the GraphQL mutation \`login\`.\n`);
  } finally {
    await app.close();
  }
}

function commandModule(config: Config) {
  @Module({ imports: [ConfigModule.of(config), DatabaseModule, AuthModule] })
  class CreateAdminModule {}
  return CreateAdminModule;
}
