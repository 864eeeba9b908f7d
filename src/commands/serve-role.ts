import type { ProcessRole } from '../app.module.js';
import { loadConfig } from '../config/config.js';
import { openDatabase } from '../platform/database/open-database.js';
import type { Application } from './application.js';
import { onStopSignal } from './on-stop-signal.js';

/** What closes after the last job has its own time: connections, the embedded database. */
const CLOSING_SECONDS = 20;

/** Serves a role until SIGTERM or SIGINT, then drains: answers in flight finish, running jobs end or are handed back. */
export async function serve(role: ProcessRole): Promise<void> {
  const config = loadConfig(process.env);
  // Loading the program takes about as long as PostgreSQL needs to start, so both happen at once.
  const [database, { startApplication }] = await Promise.all([openDatabase(config), import('./application.js')]);
  let app: Application;
  try {
    app = await startApplication(role, database.config);
  } catch (error) {
    await database.close();
    throw error;
  }
  void database.died?.then((lastWords) => {
    app.logger.fatal(`The embedded PostgreSQL ended by itself. Start Boucle again. ${lastWords}`);
    process.exit(1);
  });
  onStopSignal(config.SHUTDOWN_TIMEOUT_SECONDS + CLOSING_SECONDS, async () => {
    try {
      await app.close();
    } catch (error) {
      app.logger.error({ err: error }, 'the shutdown failed');
      process.exitCode = 1;
    }
    await database.close();
  });
}
