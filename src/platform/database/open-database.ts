import type { Config } from '../../config/config.js';
import { startEmbeddedPostgres } from './embedded/embedded-postgres.js';

/** A database that can be connected to, and the settings that lead there. */
export interface OpenDatabase {
  readonly config: Config;
  /** Embedded only: resolves if the server ends by itself. */
  readonly died?: Promise<string>;
  close(): Promise<void>;
}

/** Starts the embedded PostgreSQL if no server is configured, and completes the settings with its address and secret. */
export async function openDatabase(config: Config): Promise<OpenDatabase> {
  if (!config.embedded) return { config, close: () => Promise.resolve() };
  const server = await startEmbeddedPostgres(config.home);
  return {
    config: Object.freeze({
      ...config,
      DATABASE_URL: server.url,
      BOUCLE_SECRET: config.BOUCLE_SECRET ?? server.secret,
    }),
    died: server.died,
    close: () => server.stop(),
  };
}
