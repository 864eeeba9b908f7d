import { z } from 'zod';
import { COLUMN_TYPES } from './column-types.js';

export const FILE_FORMATS = ['CSV', 'JSON', 'NDJSON', 'PARQUET'] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];

const name = z.string().min(1).max(200);
const rowSql = z.string().trim().min(1).max(10_000);

/** Where data comes from. */
export const sourceSpecSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('HTTP'),
    url: z.string().min(1).max(4000),
    format: z.enum(FILE_FORMATS),
  }),
  z.strictObject({
    kind: z.literal('POSTGRES'),
    /** `postgres://user:password@host:port/database`; holds a secret. */
    connection: z
      .string()
      .regex(/^postgres(ql)?:\/\//, 'must start with postgres://')
      .max(4000),
    query: z.string().trim().min(1).max(100_000),
  }),
  /**
   * What the installation itself can read, if an administrator allowed that: an object as `s3://bucket/path/file`, or
   * all below `s3://bucket/path/`.
   */
  z.strictObject({
    kind: z.literal('S3'),
    url: z.string().min(1).max(4000),
    format: z.enum(FILE_FORMATS),
    /** Where the bucket is; the installation's own by default. */
    region: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,62}$/, 'must be a region such as eu-central-1')
      .optional(),
    /** Another server that speaks the protocol of S3, as `https://host[:port]`; the installation's own by default. */
    endpoint: z.string().min(1).max(1000).optional(),
  }),
  z.strictObject({ kind: z.literal('UPLOAD'), format: z.enum(FILE_FORMATS) }),
]);
export type SourceSpec = z.infer<typeof sourceSpecSchema>;
export type S3SourceSpec = Extract<SourceSpec, { kind: 'S3' }>;

const castSchema = z.strictObject({
  column: name,
  type: z.enum(COLUMN_TYPES),
  /** DATE and TIMESTAMP: a strptime pattern such as `%d/%m/%Y`, for text that is not ISO 8601. */
  format: z.string().min(2).max(100).optional(),
});
export type ColumnCast = z.infer<typeof castSchema>;

/** How the bytes of a source are understood. The header, delimiter and encoding matter to CSV only. */
export const readOptionsSchema = z
  .strictObject({
    /** True if the first line names the columns; the default, unless `names` are given. */
    header: z.boolean().optional(),
    names: z.array(name).min(1).max(10_000).optional(),
    /** One character; found in the first line if not given. */
    delimiter: z.string().length(1).optional(),
    decimalComma: z.boolean().default(false),
    encoding: z.enum(['UTF8', 'LATIN1']).default('UTF8'),
    /** Texts that mean a missing value, besides an empty CSV field. */
    nullMarkers: z.array(z.string().min(1).max(100)).max(50).default([]),
    trim: z.boolean().default(false),
    casts: z.array(castSchema).max(10_000).default([]),
    /** A condition on the columns in SQL; rows for which it is not true are left out. */
    filter: rowSql.optional(),
    /** The columns to keep, as the list between SELECT and FROM; all by default. */
    select: rowSql.optional(),
  })
  .refine((options) => new Set(options.names?.map(fold)).size === (options.names?.length ?? 0), {
    path: ['names'],
    message: 'must differ from each other, not only in upper and lower case',
  })
  .refine((options) => new Set(options.casts.map((cast) => fold(cast.column))).size === options.casts.length, {
    path: ['casts'],
    message: 'may name each column once',
  });
export type ReadOptions = z.infer<typeof readOptionsSchema>;
export type ReadOptionsInput = z.input<typeof readOptionsSchema>;

/** DuckDB compares column names without regard to case. */
export function fold(columnName: string): string {
  return columnName.toLowerCase();
}
