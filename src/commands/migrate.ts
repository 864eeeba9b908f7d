import { loadConfig } from '../config/config.js';
import { migrate } from '../platform/database/migrate.js';
import { openDatabase } from '../platform/database/open-database.js';

/** Applies what the database lacks and says what it did. */
export async function migrateCommand(): Promise<void> {
  const database = await openDatabase(loadConfig(process.env));
  try {
    const applied = await migrate(database.config);
    const lines = applied.map((name) => `applied ${name}`);
    process.stdout.write(`${[...lines, 'The schema is up to date.'].join('\n')}\n`);
  } finally {
    await database.close();
  }
}
