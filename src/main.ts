#!/usr/bin/env node
import 'reflect-metadata';
import { enableCompileCache } from 'node:module';
import { Command } from 'commander';
import { ConfigError } from './config/config.js';
import { AppError } from './errors/app-error.js';

// The commands are loaded on demand, some 2,000 modules each; their compiled form is kept for the next start.
enableCompileCache();

const ROLES = {
  all: 'everything in one process (the default)',
  api: 'GraphQL, GraphiQL, authentication and management paths',
  predictor: 'the REST paths for predictions and outcomes',
  worker: 'extraction and training jobs',
  scheduler: 'what runs by the clock',
} as const;

function program(): Command {
  const boucle = new Command('boucle')
    .description('Extracts data, trains models, serves predictions and keeps them healthy.')
    .addHelpText(
      'after',
      '\nSettings are environment variables; README.md lists them all.\nWithout DATABASE_URL an embedded PostgreSQL runs in ./.boucle.',
    );
  for (const [role, description] of Object.entries(ROLES)) {
    boucle
      .command(role, { isDefault: role === 'all' })
      .description(`serve: ${description}`)
      .action(async () => {
        const { serve } = await import('./commands/serve-role.js');
        await serve(role as keyof typeof ROLES);
      });
  }
  boucle
    .command('train')
    .description('train one model on the container layout under --root, then exit')
    .option('--root <folder>', 'root of the container layout', '/opt/ml')
    .action(async ({ root }: { root: string }) => {
      const { train } = await import('./commands/train.js');
      process.exitCode = await train(root);
    });
  boucle
    .command('serve')
    .description('serve the model on the container layout under --root by GET /ping and POST /invocations')
    .option('--root <folder>', 'root of the container layout', '/opt/ml')
    .option('--port <number>', 'port to listen on; 0 picks a free one', '8080')
    .action(async ({ root, port }: { root: string; port: string }) => {
      const { serveModel } = await import('./commands/serve.js');
      await serveModel(root, port);
    });
  boucle
    .command('search')
    .description('search for hyperparameters on the container layout under --root, then exit')
    .requiredOption('--root <folder>', 'root of the container layout')
    .action(async ({ root }: { root: string }) => {
      const { search } = await import('./commands/search.js');
      process.exitCode = await search(root);
    });
  boucle
    .command('divide')
    .description('write the rows for a training script on the container layout under --root, then exit')
    .requiredOption('--root <folder>', 'root of the container layout')
    .action(async ({ root }: { root: string }) => {
      const { divide } = await import('./commands/divide.js');
      process.exitCode = await divide(root);
    });
  boucle
    .command('migrate')
    .description('bring the database schema up to date, then exit')
    .action(async () => {
      const { migrateCommand } = await import('./commands/migrate.js');
      await migrateCommand();
    });
  boucle
    .command('create-admin')
    .description('create the first administrator; the password is read from the terminal or standard input')
    .requiredOption('--email <address>', 'e-mail address to log in with')
    .action(async ({ email }: { email: string }) => {
      const { createAdmin } = await import('./commands/create-admin.js');
      await createAdmin(email);
    });
  boucle
    .command('doctor')
    .description(
      'try what the process needs (database, store, SageMaker, clocks, disk) and say what to mend, then exit',
    )
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }) => {
      const { doctor } = await import('./commands/doctor.js');
      process.exitCode = await doctor(options);
    });
  boucle
    .command('recount')
    .description("compare the counts of a model's predictions with the prediction log, then exit")
    .requiredOption('--model <name>', 'name of the model')
    .option('--from <day>', 'first day (UTC), such as 2026-01-31; by default the first there is')
    .option('--to <day>', 'last day; by default the last there is')
    .option('--repair', 'replace counts that differ')
    .action(async (options: unknown) => {
      const { recountCommand } = await import('./commands/recount.js');
      process.exitCode = await recountCommand(options);
    });
  boucle
    .command('print-schema')
    .description('print the GraphQL schema, then exit')
    .action(async () => {
      const { printSchemaCommand } = await import('./commands/print-schema.js');
      await printSchemaCommand();
    });
  return boucle;
}

try {
  await program().parseAsync();
} catch (error) {
  const isExplained = error instanceof AppError || error instanceof ConfigError;
  process.stderr.write(`${isExplained ? error.message : String(error instanceof Error ? error.stack : error)}\n`);
  process.exit(1);
}
