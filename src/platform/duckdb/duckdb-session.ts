import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type DuckDBAppender, DuckDBConnection, DuckDBDataChunk, DuckDBInstance, JS } from '@duckdb/node-api';
import { AppError } from '../../errors/app-error.js';
import { literal } from './sql-text.js';

export interface DuckDbOptions {
  /** The only folder that SQL of this session can read or write; spilled data goes there too. */
  readonly folder: string;
  /** For example `512MB`. The process holds 100 to 450 MB more than this. */
  readonly memoryLimit: string;
  readonly threads?: number;
  /** Most bytes of spilled data; by default whatever the disk has. */
  readonly spillBytes?: number;
}

export interface RunOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  readonly parameters?: readonly string[];
}

export type JsonScalar = string | number | boolean | null;
export type JsonValue = JsonScalar | readonly JsonValue[];
export type JsonRow = Readonly<Record<string, JsonValue>>;

/** An interrupt that arrives just before a query begins is lost, so it is repeated until the query has ended. */
const INTERRUPT_INTERVAL_MS = 50;

/**
 * One in-memory DuckDB that is locked before it runs anything else: no extension, no network, no file outside its
 * folder, and no setting can be changed any more. Queries run on DuckDB's own threads; the event loop stays free.
 */
export class DuckDbSession {
  /** Those of appenders. */
  private readonly others: DuckDBConnection[] = [];

  private constructor(
    private readonly instance: DuckDBInstance,
    private readonly connection: DuckDBConnection,
  ) {}

  static async open(options: DuckDbOptions): Promise<DuckDbSession> {
    const spill = join(options.folder, 'spill');
    await mkdir(spill, { recursive: true });
    const instance = await DuckDBInstance.create(':memory:', {
      memory_limit: options.memoryLimit,
      temp_directory: spill,
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      preserve_insertion_order: 'true',
      ...(options.threads && { threads: String(options.threads) }),
    });
    const connection = await instance.connect();
    const session = new DuckDbSession(instance, connection);
    try {
      await session.lock(options);
    } catch (error) {
      session.close();
      throw error;
    }
    return session;
  }

  /** Runs one statement whose result does not matter. */
  async execute(sql: string, options: RunOptions = {}): Promise<void> {
    await this.interruptible(() => this.connection.run(sql, [...(options.parameters ?? [])]), options);
  }

  /** Reads a small result into JSON-safe rows: integers beyond 2^53 become strings, NaN and infinities null, and zero bytes in text, which PostgreSQL
   * can't store, U+FFFD. */
  async rows(sql: string, options: RunOptions = {}): Promise<JsonRow[]> {
    return this.interruptible(async () => {
      const result = await this.connection.run(sql, [...(options.parameters ?? [])]);
      const rows = await result.getRowObjectsJS();
      return rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, toJson(value)])));
    }, options);
  }

  /** Reads a large result piece by piece: at most 2,048 rows are in memory at a time. */
  async *chunks(sql: string, options: RunOptions = {}): AsyncGenerator<DuckDBDataChunk> {
    const result = await this.interruptible(
      () => this.connection.stream(sql, [...(options.parameters ?? [])]),
      options,
    );
    for (;;) {
      const chunk = await this.interruptible(() => result.fetchChunk(), options);
      if (!chunk?.rowCount) return;
      yield chunk;
    }
  }

  /**
   * Adds rows to a table of this session, also while {@link chunks} are read: on a connection of its own, which ends
   * with the session. What is more than memory allows goes to disk.
   */
  async appender(table: string): Promise<DuckDBAppender> {
    const connection = await this.instance.connect();
    this.others.push(connection);
    return connection.createAppender(table);
  }

  /** Share of the running query that is done, 0 to 1; 0 while it is unknown. */
  progress(): number {
    const { percentage } = this.connection.progress;
    return Math.min(1, Math.max(0, percentage / 100));
  }

  /** Only after every query has ended. */
  close(): void {
    for (const connection of [this.connection, ...this.others]) connection.closeSync();
    this.instance.closeSync();
  }

  private async lock({ folder, spillBytes }: DuckDbOptions): Promise<void> {
    const statements = [
      // Given when the database is made, as the folder is, it would be shown but not kept to.
      ...(spillBytes === undefined ? [] : [`SET max_temp_directory_size = '${spillBytes}B'`]),
      `SET TimeZone = 'UTC'`,
      `SET enable_progress_bar = true`,
      `SET enable_progress_bar_print = false`,
      `SET allowed_directories = [${literal(join(folder, '/'))}]`,
      `SET enable_external_access = false`,
      `SET lock_configuration = true`,
    ];
    for (const statement of statements) await this.connection.run(statement);
  }

  private async interruptible<T>(work: () => Promise<T>, { signal, timeoutMs }: RunOptions): Promise<T> {
    signal?.throwIfAborted();
    const timeout = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
    const stop = AbortSignal.any([signal, timeout].filter((item) => item !== undefined));
    let repeat: NodeJS.Timeout | undefined;
    const interrupt = () => {
      this.connection.interrupt();
      repeat = setInterval(() => {
        this.connection.interrupt();
      }, INTERRUPT_INTERVAL_MS);
    };
    stop.addEventListener('abort', interrupt, { once: true });
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      if (timeout?.aborted) throw outOfTime(timeoutMs ?? 0, error);
      throw error;
    } finally {
      clearInterval(repeat);
      stop.removeEventListener('abort', interrupt);
    }
  }
}

function outOfTime(timeoutMs: number, cause: unknown): AppError {
  const seconds = Math.ceil(timeoutMs / 1000);
  return new AppError(
    'LIMIT_EXCEEDED',
    `The data was still being worked on after ${seconds} s. Simplify the row filter or column choice, or take less data.`,
    undefined,
    { cause },
  );
}

function toJson(value: JS): JsonValue {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'string') return value.replaceAll('\0', '\uFFFD');
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  if (Array.isArray(value)) return value.map(toJson);
  throw new Error(`A query returned a ${value.constructor.name}; cast it to text or a number in SQL`);
}
