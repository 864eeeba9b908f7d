import type { Duplex } from 'node:stream';
import type { PoolClient, Submittable } from 'pg';
import type { EntityManager } from 'typeorm';
import type { BinaryRows } from './binary-rows.js';

/** Type of a message with data to be copied, and what it and the length before the data take. */
const COPY_DATA = 0x64;
const COPY_DATA_HEAD_BYTES = 5;

/** Rows on their way into a table. */
export interface TableRows {
  readonly table: string;
  /** Of every row, in this order. */
  readonly columns: readonly string[];
  readonly rows: BinaryRows;
}

/** Runs `work` on the connection of the manager's transaction, otherwise on one that is free. */
export async function onClientOf<Result>(
  manager: EntityManager,
  work: (client: PoolClient) => Promise<Result>,
): Promise<Result> {
  const runner = manager.queryRunner ?? manager.dataSource.createQueryRunner();
  try {
    return await work((await runner.connect()) as PoolClient);
  } finally {
    if (runner !== manager.queryRunner) await runner.release();
  }
}

/**
 * Writes rows into tables: all or none, in the open transaction or else in one of their own. Everything leaves in one
 * message and nothing is planned, so that a few rows cost the server and this process less than an INSERT of them.
 * @throws the database's error.
 */
export function copyInto(client: PoolClient, tables: readonly TableRows[]): Promise<void> {
  return new Promise((resolve, reject) => {
    client.query(
      new CopyIn(tables, (error) => {
        if (error) reject(error);
        else resolve();
      }),
    );
  });
}

/** What the driver's connection can do beyond its types. */
interface CopyConnection {
  readonly stream: Duplex;
  query(text: string): void;
  endCopyFrom(): void;
}

/**
 * One simple query of several COPY commands, which PostgreSQL runs as one transaction, with the data right behind it. After
 * an error the server skips what is left of both.
 */
class CopyIn implements Submittable {
  constructor(
    private readonly tables: readonly TableRows[],
    /** Under this name the driver looks for it. */
    readonly callback: (error?: Error) => void,
  ) {}

  submit(connection: object): void {
    const { stream } = connection as CopyConnection;
    stream.cork();
    (connection as CopyConnection).query(this.tables.map(copyCommand).join('; '));
    for (const { rows } of this.tables) {
      for (const chunk of rows.toChunks()) sendCopyData(stream, chunk);
      (connection as CopyConnection).endCopyFrom();
    }
    stream.uncork();
  }

  handleError(error: Error): void {
    this.callback(error);
  }

  handleReadyForQuery(): void {
    this.callback();
  }

  /** The data are on their way already. */
  handleCopyInResponse(): void {
    // Nothing waits for it.
  }

  handleCommandComplete(): void {
    // One of several: the end is that the server is ready again.
  }
}

/** The driver's own way would copy the data twice. */
function sendCopyData(stream: Duplex, data: Uint8Array): void {
  const head = Buffer.allocUnsafe(COPY_DATA_HEAD_BYTES);
  head.writeUInt8(COPY_DATA);
  head.writeInt32BE(data.length + 4, 1);
  stream.write(head);
  stream.write(data);
}

function copyCommand({ table, columns }: TableRows): string {
  return `COPY ${table} (${columns.join(', ')}) FROM STDIN (FORMAT binary)`;
}
