import { Readable } from 'node:stream';
import { type Client, Query, type QueryArrayConfig } from 'pg';
import { AppError } from '../../errors/app-error.js';

type PostgresRow = readonly (string | null)[];

/** Buffered lines, beyond which the connection has to wait; what one read from the network holds may come on top. */
const BUFFER_BYTES = 2 ** 20;
const ROWS_PER_FETCH = 1000;
/** Far more than an extraction takes as one line; the driver holds a row in memory as a whole. */
const MAX_ROW_BYTES = 64 * 2 ** 20;

/**
 * The rows of an open cursor as CSV with a header; NULL is an empty field and empty text is `""`. While nobody reads, the socket rests,
 * also in the middle of a fetch: what is in memory does not depend on the width of the rows.
 */
export class PostgresCsv extends Readable {
  private isFetching = false;
  private bytesOfRow = 0;

  /** @param describe makes errors of the connection presentable. */
  constructor(
    private readonly client: Client,
    private readonly cursor: string,
    names: readonly string[],
    private readonly describe: (error: unknown) => unknown,
  ) {
    super({ highWaterMark: BUFFER_BYTES });
    client.connection.stream.on('data', this.countRow);
    this.push(csvLine(names));
  }

  override _read(): void {
    if (this.isFetching) this.client.connection.stream.resume();
    else this.fetch();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.client.connection.stream.off('data', this.countRow);
    done(error);
  }

  private fetch(): void {
    this.isFetching = true;
    let rows = 0;
    const config: QueryArrayConfig = { text: `FETCH ${ROWS_PER_FETCH} FROM ${this.cursor}`, rowMode: 'array' };
    const query = new Query<(string | null)[]>(config);
    query.on('row', (row: unknown) => {
      rows++;
      this.bytesOfRow = 0;
      if (!this.push(csvLine(row as PostgresRow))) this.client.connection.stream.pause();
    });
    query.on('end', () => {
      this.isFetching = false;
      if (rows === 0) this.push(null);
      else if (this.readableLength < BUFFER_BYTES) this.fetch();
    });
    query.on('error', (error) => this.destroy(this.describe(error) as Error));
    this.client.connection.stream.resume();
    this.client.query(query);
  }

  private readonly countRow = (chunk: Buffer): void => {
    this.bytesOfRow += chunk.length;
    if (this.bytesOfRow <= MAX_ROW_BYTES) return;
    const message = `A row of the query has more than ${MAX_ROW_BYTES / 2 ** 20} MB. Leave wide columns out of it.`;
    this.destroy(new AppError('LIMIT_EXCEEDED', message));
    this.client.connection.stream.destroy();
  };
}

function csvLine(values: PostgresRow): string {
  return `${values.map((value) => (value === null ? '' : `"${value.replaceAll('"', '""')}"`)).join(',')}\n`;
}
