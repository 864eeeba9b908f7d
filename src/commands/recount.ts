import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { Config, loadConfig } from '../config/config.js';
import { ConfigModule } from '../config/config.module.js';
import { AppError } from '../errors/app-error.js';
import { DatabaseModule } from '../platform/database/database.module.js';
import { ensureSchema } from '../platform/database/migrate.js';
import { openDatabase } from '../platform/database/open-database.js';
import { parseInput } from '../platform/http/zod.pipe.js';
import { CountsModule } from '../predictions/counts/counts.module.js';
import { isRight, Recount, RecountedDay } from '../predictions/counts/recount.js';

const DAY = z.iso.date('must be a day such as 2026-01-31').transform((day) => new Date(day));
const optionsSchema = z.object({
  model: z.string(),
  from: DAY.optional(),
  to: DAY.optional(),
  repair: z.boolean().default(false),
});
type RecountArguments = z.infer<typeof optionsSchema>;

/**
 * Compares the counts of a model's predictions with the prediction log and prints every day that differs.
 * @returns the exit code: 1 if counts differ and were not repaired.
 * @throws AppError NOT_FOUND for an unknown model, BAD_INPUT for options that are no days.
 */
export async function recountCommand(options: unknown): Promise<number> {
  const recountArguments = parseInput(optionsSchema, options);
  const database = await openDatabase(loadConfig(process.env));
  try {
    await ensureSchema(database.config);
    return await recount(database.config, recountArguments);
  } finally {
    await database.close();
  }
}

async function recount(config: Config, { model, from, to, repair }: RecountArguments): Promise<number> {
  const app = await NestFactory.createApplicationContext(commandModule(config), { logger: false, abortOnError: false });
  try {
    const totals = { days: 0, predictions: 0, wrong: 0 };
    for (const { id: versionId, number } of await versionsOf(app.get(DataSource), model)) {
      for await (const day of app.get(Recount).days({ versionId, from, to, repair })) {
        totals.days++;
        totals.predictions += day.logged;
        if (isRight(day)) continue;
        totals.wrong++;
        process.stdout.write(`${describe(number, day)}\n`);
      }
    }
    process.stdout.write(`${summaryOf(totals, repair)}\n`);
    return totals.wrong > 0 && !repair ? 1 : 0;
  } finally {
    await app.close();
  }
}

async function versionsOf(dataSource: DataSource, model: string): Promise<{ id: string; number: number }[]> {
  const [found] = await dataSource.query<{ id: string }[]>('SELECT id FROM model WHERE name = $1', [model]);
  if (!found) throw new AppError('NOT_FOUND', `There is no model ${model}. The query \`models\` lists them.`);
  return dataSource.query('SELECT id, number FROM model_version WHERE model_id = $1 ORDER BY number', [found.id]);
}

function describe(version: number, { day, logged, counted, differentBins }: RecountedDay): string {
  return `version ${version}, ${day}: ${logged} predictions logged, ${counted} counted, ${differentBins} bins differ`;
}

function summaryOf(
  { days, predictions, wrong }: { days: number; predictions: number; wrong: number },
  repair: boolean,
) {
  const checked = `${predictions} predictions on ${days} days recounted (a day of each version).`;
  if (wrong === 0) return `${checked} All counts are right.`;
  const outcome = repair ? 'They were replaced by what the log holds.' : 'Run it again with --repair to replace them.';
  return `${checked} The counts of ${wrong} days differed. ${outcome}`;
}

function commandModule(config: Config) {
  @Module({ imports: [ConfigModule.of(config), DatabaseModule, CountsModule] })
  class RecountModule {}
  return RecountModule;
}
