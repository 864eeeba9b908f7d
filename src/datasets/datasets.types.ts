import { Field, Float, GraphQLISODateTime, ID, InputType, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { z } from 'zod';
import { enumOf } from '../platform/graphql/enum-of.js';
import { PageOf } from '../platform/graphql/pagination.js';
import { BigIntScalar, JsonScalar } from '../platform/graphql/scalars.js';
import { EXTRACTION_STATES, type ExtractionState } from './extraction-state.js';
import { COLUMN_TYPES, type ColumnType } from './extraction/column-types.js';
import { FILE_FORMATS, type FileFormat, readOptionsSchema, sourceSpecSchema } from './extraction/source-spec.js';

const SourceKindEnum = enumOf(['HTTP', 'POSTGRES', 'S3', 'UPLOAD'] as const);
const FileFormatEnum = enumOf(FILE_FORMATS);
const EncodingEnum = enumOf(['UTF8', 'LATIN1'] as const);
const ColumnTypeEnum = enumOf(COLUMN_TYPES);
const StateEnum = enumOf(EXTRACTION_STATES);

registerEnumType(SourceKindEnum, {
  name: 'SourceKind',
  valuesMap: {
    HTTP: { description: 'A file at an HTTP(S) address.' },
    POSTGRES: { description: 'A query on a PostgreSQL server.' },
    S3: { description: 'An object of a bucket that SOURCE_S3_ALLOW_LIST names, or all below a prefix.' },
    UPLOAD: { description: 'A file sent to `POST /v1/datasets/{name}/upload`.' },
  },
});
registerEnumType(FileFormatEnum, { name: 'FileFormat', description: 'Each may be packed with gzip.' });
registerEnumType(EncodingEnum, { name: 'TextEncoding' });
registerEnumType(ColumnTypeEnum, { name: 'ColumnType' });
registerEnumType(StateEnum, {
  name: 'ExtractionState',
  valuesMap: {
    CANCELLING: { description: 'Asked to stop.' },
    READY: { description: 'A new version with a snapshot.' },
    UNCHANGED: { description: 'The content is that of the newest version, so there is no new one.' },
    FAILED: { description: '`failure` says why.' },
  },
});

@InputType()
export class DatasetSourceInput {
  @Field(() => SourceKindEnum)
  kind!: 'HTTP' | 'POSTGRES' | 'S3' | 'UPLOAD';

  @Field(() => String, {
    nullable: true,
    description:
      'HTTP: the address of the file. S3: `s3://bucket/path/file`, or `s3://bucket/path/` for all objects below it.',
  })
  url?: string | null;

  @Field(() => FileFormatEnum, { nullable: true, description: 'HTTP, S3 and UPLOAD.' })
  format?: FileFormat | null;

  @Field(() => String, { nullable: true, description: "S3: where the bucket is. Default: this installation's region." })
  region?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'S3: another server that speaks its protocol, as `https://host:port`. SOURCE_S3_ALLOW_LIST must name it.',
  })
  endpoint?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'POSTGRES: `postgres://user:password@host:port/database`. It is encrypted, and never shown again.',
  })
  connection?: string | null;

  @Field(() => String, { nullable: true, description: 'POSTGRES: one SELECT; it runs in a read-only transaction.' })
  query?: string | null;
}

@InputType()
export class ColumnCastInput {
  @Field(() => String)
  column!: string;

  @Field(() => ColumnTypeEnum)
  type!: ColumnType;

  @Field(() => String, { nullable: true, description: 'DATE and TIMESTAMP: a strptime pattern such as `%d/%m/%Y`.' })
  format?: string | null;
}

@InputType({ description: 'How the bytes of a source are understood.' })
export class ReadOptionsInput {
  @Field(() => Boolean, {
    nullable: true,
    description: 'CSV: the first line names the columns. Default: if no `names`.',
  })
  header?: boolean | null;

  @Field(() => [String], { nullable: true, description: 'CSV: names of all columns.' })
  names?: string[] | null;

  @Field(() => String, { nullable: true, description: 'CSV: one character. Default: found in the first line.' })
  delimiter?: string | null;

  @Field(() => Boolean, { nullable: true, description: 'Numbers are written 1,5.' })
  decimalComma?: boolean | null;

  @Field(() => EncodingEnum, { nullable: true, description: 'Of text formats. Default: UTF8.' })
  encoding?: 'UTF8' | 'LATIN1' | null;

  @Field(() => [String], { nullable: true, description: 'Texts that mean a missing value, such as `NA` or `?`.' })
  nullMarkers?: string[] | null;

  @Field(() => Boolean, { nullable: true, description: 'Remove blanks around text.' })
  trim?: boolean | null;

  @Field(() => [ColumnCastInput], { nullable: true, description: 'Types of columns that are not to be found out.' })
  casts?: ColumnCastInput[] | null;

  @Field(() => String, {
    nullable: true,
    description: "A condition on the columns in SQL: `age >= 18 AND state = 'WA'`.",
  })
  filter?: string | null;

  @Field(() => String, { nullable: true, description: 'The columns to keep in SQL: `age, pay * 12 AS yearly`.' })
  select?: string | null;
}

@InputType()
export class CreateDatasetInput {
  @Field(() => String)
  name!: string;

  @Field(() => DatasetSourceInput)
  source!: DatasetSourceInput;

  @Field(() => ReadOptionsInput, { nullable: true })
  options?: ReadOptionsInput | null;
}

@InputType({ description: 'Source and options take the place of those before.' })
export class UpdateDatasetInput extends CreateDatasetInput {}

export const datasetSchema = z.preprocess(
  withoutNulls,
  z.strictObject({
    name: z.string(),
    source: sourceSpecSchema,
    options: readOptionsSchema.prefault({}),
  }),
);

/** GraphQL has null for what is not given. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const given = Object.entries(value).filter(([, field]) => field !== null && field !== undefined);
  return Object.fromEntries(given.map(([key, field]) => [key, withoutNulls(field)]));
}

@ObjectType({ description: 'Where a dataset comes from. Secrets are never part of it.' })
export class DatasetSource {
  @Field(() => SourceKindEnum)
  kind!: 'HTTP' | 'POSTGRES' | 'S3' | 'UPLOAD';

  @Field(() => String, { nullable: true, description: 'Its query part is shown to engineers.' })
  url!: string | null;

  @Field(() => FileFormatEnum, { nullable: true })
  format!: FileFormat | null;

  @Field(() => String, { nullable: true, description: 'S3: where the bucket is, if it was given.' })
  region!: string | null;

  @Field(() => String, { nullable: true, description: 'S3: the server that has the bucket, if it was given.' })
  endpoint!: string | null;

  @Field(() => String, { nullable: true, description: 'Without the password; the user is shown to engineers.' })
  connection!: string | null;

  @Field(() => String, { nullable: true, description: 'Shown to engineers.' })
  query!: string | null;

  @Field(() => JsonScalar, {
    description: 'As given to `createDataset`, with defaults filled in; `filter` and `select` are shown to engineers.',
  })
  options!: object;

  @Field(() => GraphQLISODateTime)
  createdAt!: Date;
}

@ObjectType('Dataset', { description: 'A named series of snapshots of one source of data.' })
export class DatasetType {
  @Field(() => ID)
  id!: string;

  @Field(() => String)
  name!: string;

  @Field(() => GraphQLISODateTime)
  createdAt!: Date;
}

@ObjectType({ description: 'A column of a snapshot.' })
export class DatasetColumn {
  @Field(() => String)
  name!: string;

  @Field(() => ColumnTypeEnum)
  type!: ColumnType;
}

@ObjectType('DatasetVersion', {
  description: 'One extraction, and the immutable snapshot that came of it once it is READY.',
})
export class DatasetVersionType {
  @Field(() => ID)
  id!: string;

  datasetId!: string;
  sourceId!: string;
  sameAsId!: string | null;

  @Field(() => Int, { nullable: true, description: 'Counts from 1 within the dataset; only of a READY version.' })
  number!: number | null;

  @Field(() => StateEnum)
  state!: ExtractionState;

  @Field(() => Float, { description: 'Share that is done, 0 to 1.' })
  progress!: number;

  @Field(() => String)
  message!: string;

  /** Resolved by what the caller may see. */
  failure!: string | null;

  @Field(() => String, { nullable: true, description: 'SHA-256 of the Parquet file.' })
  contentHash!: string | null;

  @Field(() => BigIntScalar, { nullable: true })
  rows!: number | null;

  @Field(() => BigIntScalar, { nullable: true, description: 'Size of the Parquet file.' })
  bytes!: number | null;

  @Field(() => BigIntScalar, { nullable: true, description: 'Bytes read from the source.' })
  sourceBytes!: number | null;

  @Field(() => [DatasetColumn], { nullable: true, description: 'Names and types of the columns, in their order.' })
  schema!: readonly DatasetColumn[] | null;

  @Field(() => [String], { description: 'What a reader of the data may want to know.' })
  notes!: readonly string[];

  @Field(() => String, { nullable: true, description: 'The program that wrote the snapshot.' })
  engine!: string | null;

  @Field(() => ID, { nullable: true, description: 'The user who asked for it.' })
  requestedBy!: string | null;

  @Field(() => GraphQLISODateTime)
  createdAt!: Date;

  @Field(() => GraphQLISODateTime, { nullable: true })
  startedAt!: Date | null;

  @Field(() => GraphQLISODateTime, { nullable: true })
  finishedAt!: Date | null;
}

@ObjectType()
export class DatasetPage extends PageOf(DatasetType) {}

@ObjectType()
export class DatasetVersionPage extends PageOf(DatasetVersionType) {}
