import { Readable } from 'node:stream';
import { Client, ClientConfig, DatabaseError, QueryArrayResult, QueryConfig } from 'pg';
import { AppError, ErrorCode } from '../../errors/app-error.js';
import { assertHostAllowed, isAllowListed, OutboundPolicy } from '../../platform/http/outbound-policy.js';
import { describeTransferError, errorCode } from '../../platform/http/outbound-request.js';
import { outboundSocket } from '../../platform/http/outbound-socket.js';
import { ColumnType } from './column-types.js';
import { PostgresCsv } from './postgres-csv.js';

export interface PostgresRows {
  /** The result as CSV with a header; NULL is an empty field and empty text is `""`. */
  readonly csv: Readable;
  readonly declared: ReadonlyMap<string, ColumnType>;
  release(): Promise<void>;
}

export interface PostgresRequest {
  readonly policy: OutboundPolicy;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

const CONNECT_TIMEOUT_MS = 10_000;
const CURSOR = 'boucle_rows';

/** pg_type.oid of the types that have a counterpart; everything else is read as text. */
const TYPES_BY_OID: Readonly<Record<number, ColumnType>> = {
  16: 'BOOLEAN',
  20: 'INTEGER',
  21: 'INTEGER',
  23: 'INTEGER',
  26: 'INTEGER',
  700: 'NUMBER',
  701: 'NUMBER',
  1700: 'NUMBER',
  1082: 'DATE',
  1114: 'TIMESTAMP',
  1184: 'TIMESTAMP',
};

/**
 * Opens a query on a PostgreSQL server in a read-only transaction, to be read through a cursor.
 * @throws AppError UPSTREAM_FAILED for a server that cannot be used, BAD_INPUT for a query that it refuses.
 */
export async function openPostgres(
  source: { readonly connection: string; readonly query: string },
  request: PostgresRequest,
): Promise<PostgresRows> {
  const url = parseConnection(source.connection);
  const { policy, signal } = request;
  const socket = outboundSocket(policy);
  const client = new Client({ ...clientConfig(url, request), stream: () => socket });
  // A broken connection also rejects the query under way, which reports it.
  client.on('error', () => undefined);
  const abort = () => socket.destroy();
  signal.addEventListener('abort', abort, { once: true });
  try {
    assertHostAllowed(policy, url.hostname, portOf(url));
    await client.connect();
    await openCursor(client, source.query, request.timeoutMs);
    const { fields } = await describeRows(client);
    const names = fields.map((field) => field.name);
    assertDistinct(names);
    const types = fields.map((field) => [field.name, TYPES_BY_OID[field.dataTypeID] ?? 'STRING'] as const);
    const csv = new PostgresCsv(client, CURSOR, names, (error) =>
      signal.aborted ? signal.reason : describePostgresError(error, url.host),
    );
    const release = async () => {
      signal.removeEventListener('abort', abort);
      if (!csv.readableEnded) socket.destroy();
      await client.end();
    };
    return { csv, declared: new Map(types), release };
  } catch (error) {
    signal.removeEventListener('abort', abort);
    socket.destroy();
    signal.throwIfAborted();
    throw describePostgresError(error, url.host);
  }
}

/** Checks a connection URL without connecting. */
export function parseConnection(connection: string): URL {
  const url = URL.parse(connection);
  if (url && /^postgres(ql)?:$/.test(url.protocol) && url.hostname && url.username && url.pathname.length > 1)
    return url;
  throw new AppError('BAD_INPUT', 'Give the database as postgres://user:password@host:port/database.');
}

function clientConfig(url: URL, { policy }: PostgresRequest): ClientConfig {
  const port = portOf(url);
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port,
    user: decoded(url.username),
    // A function, since pg takes an empty text for "look into PGPASSWORD and ~/.pgpass", which are this server's own.
    password: () => decoded(url.password),
    database: decoded(url.pathname.slice(1)),
    ssl: tlsOf(url, isAllowListed(policy, url.hostname, port)),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: 'boucle',
    options: '-c default_transaction_read_only=on -c datestyle=ISO -c timezone=UTC -c extra_float_digits=1',
    types: { getTypeParser: () => (value: string) => value },
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new AppError('BAD_INPUT', 'In the address of the database, write a percent sign as %25.');
  }
}

function portOf(url: URL): number {
  return url.port === '' ? 5432 : Number(url.port);
}

/** Passwords and data cross public networks only under a verified certificate, unless the URL says otherwise. */
function tlsOf(url: URL, isInternal: boolean): ClientConfig['ssl'] {
  const mode = url.searchParams.get('sslmode') ?? (isInternal ? 'disable' : 'verify-full');
  if (mode === 'disable') return false;
  if (mode === 'require') return { rejectUnauthorized: false };
  if (mode === 'verify-full') return { rejectUnauthorized: true };
  throw new AppError('BAD_INPUT', 'sslmode must be disable, require or verify-full.');
}

/** The extended protocol takes one statement only, so a query cannot close the cursor's transaction and go on. */
async function openCursor(client: Client, query: string, timeoutMs: number): Promise<void> {
  await client.query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
  await client.query(`SET LOCAL statement_timeout = ${Math.ceil(timeoutMs)}`);
  const declare: QueryConfig & { readonly queryMode: 'extended' } = {
    text: `DECLARE ${CURSOR} NO SCROLL CURSOR FOR ${query.replace(/[\s;]+$/, '')}`,
    queryMode: 'extended',
  };
  await client.query(declare);
}

/** Names and types of the fields, no rows yet. */
function describeRows(client: Client): Promise<QueryArrayResult> {
  return client.query({ text: `FETCH 0 FROM ${CURSOR}`, rowMode: 'array' });
}

function assertDistinct(names: readonly string[]): void {
  const twice = names.find(
    (name, index) => names.findIndex((other) => other.toLowerCase() === name.toLowerCase()) !== index,
  );
  if (twice === undefined) return;
  throw new AppError('BAD_INPUT', `The query returns the column ${JSON.stringify(twice)} twice. Rename one with AS.`);
}

/** A server's own message about the user's query is shown: it speaks of nothing that the user's login can't see. */
function describePostgresError(error: unknown, host: string): unknown {
  const transfer = describeTransferError(error, host);
  if (transfer !== error || error instanceof AppError) return transfer;
  const message = error instanceof DatabaseError ? error.message : 'the connection ended';
  const [code, text] = SQLSTATES.find(([pattern]) => pattern.test(errorCode(error)))?.[1](message) ?? [
    'UPSTREAM_FAILED',
    `failed: ${message}. Extract again when it is well.`,
  ];
  return new AppError(code, `${host} ${text}`, undefined, { cause: error });
}

const SQLSTATES: readonly (readonly [RegExp, (message: string) => readonly [ErrorCode, string]])[] = [
  [/^25006$/, () => ['BAD_INPUT', 'refused the query: it would change data. Only reading queries are run.']],
  [
    /^57014$/,
    () => ['LIMIT_EXCEEDED', 'stopped the query because it took too long. Make it cheaper, then extract again.'],
  ],
  [/^(28|3D)/, (message) => ['UPSTREAM_FAILED', `refused the login: ${message}. Check user, password and database.`]],
  [/^(22|26|34|42|0A)/, (message) => ['BAD_INPUT', `refused the query: ${message}. Correct it, then extract again.`]],
];
