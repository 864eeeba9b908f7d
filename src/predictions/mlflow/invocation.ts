import { AppError } from '../../errors/app-error.js';
import { inputColumns, type Signature } from '../../ml/schema/signature.js';
import { listing, type RequestColumn, rowsFromColumns } from '../columnar-rows.js';
import { checkRowCount } from '../prediction-request.js';
import { csvRows, isCsv } from './csv-invocation.js';

/** Rows in one of the forms of MLflow's scoring protocol, with exactly one of these keys; or a CSV file. */
const FORMS = ['dataframe_split', 'dataframe_records', 'instances', 'inputs'] as const;
type Form = (typeof FORMS)[number];

/** A body as it came: parsed JSON, or the bytes of a CSV file. */
export interface Invocation {
  readonly contentType: string | undefined;
  readonly body: unknown;
}

interface Columns {
  readonly columns: readonly RequestColumn[];
  readonly rows: number;
}

/**
 * The rows of a request, ready to be validated.
 * @throws AppError BAD_INPUT for a body in none of the forms, LIMIT_EXCEEDED for too many rows, UNSUPPORTED_MEDIA_TYPE
 *   for another content type, and for CSV that is not in UTF-8.
 */
export async function readInvocation(
  signature: Signature,
  { contentType, body }: Invocation,
  maxRows = Number.POSITIVE_INFINITY,
): Promise<readonly unknown[]> {
  if (isCsv(contentType)) return csvRows(signature, contentType!, body as Uint8Array, maxRows);
  if (!/^application\/json\b/i.test(contentType ?? '')) {
    throw new AppError('UNSUPPORTED_MEDIA_TYPE', 'Send the rows as application/json or text/csv.');
  }
  const [form, value] = formOf(body);
  const read = FORM_READERS[form](value, signature);
  if ('columns' in read) {
    checkRowCount(read.rows, maxRows);
    return rowsFromColumns(read.columns, read.rows);
  }
  checkRowCount(read.length, maxRows);
  return read;
}

function formOf(body: unknown): [Form, unknown] {
  const keys = isObject(body) ? Object.keys(body) : [];
  const [form] = FORMS.filter((name) => keys.includes(name));
  if (keys.length === 1 && form) return [form, (body as Record<string, unknown>)[form]];
  throw wrong(`The body must be an object with exactly one key: ${FORMS.join(', ')}.`);
}

const FORM_READERS: Readonly<Record<Form, (value: unknown, signature: Signature) => Columns | readonly unknown[]>> = {
  dataframe_split: (value) => {
    const { columns, data } = isObject(value) ? (value as { columns?: unknown; data?: unknown }) : {};
    if (!isNames(columns) || !Array.isArray(data)) {
      throw wrong(
        'dataframe_split must be an object with columns, a list of different names, and data, a list of rows.',
      );
    }
    return matrix('dataframe_split.data', columns, data);
  },
  dataframe_records: (value) => list('dataframe_records', value),
  instances: (value, signature) => {
    const rows = list('instances', value);
    return isObject(rows[0]) ? rows : matrix('instances', inputColumns(signature.features), rows);
  },
  inputs: (value, signature) => {
    if (!isObject(value)) return matrix('inputs', inputColumns(signature.features), list('inputs', value));
    const columns = Object.entries(value).map(([name, cells]) => ({ name, cells: list(`inputs.${name}`, cells) }));
    const rows = columns[0]?.cells.length ?? 0;
    const uneven = columns.find(({ cells }) => cells.length !== rows);
    if (uneven) throw wrong(`inputs.${uneven.name} has ${uneven.cells.length} values, but the first column ${rows}.`);
    return { rows, columns: columns.map(({ name, cells }) => ({ name, at: (row) => cells[row] })) };
  },
};

/** Rows that are lists in the order of `names`; of a single column, also its bare values. */
function matrix(place: string, names: readonly string[], rows: readonly unknown[]): Columns {
  if (names.length === 1 && !rows.some(Array.isArray)) {
    return { rows: rows.length, columns: [{ name: names[0]!, at: (row) => rows[row] }] };
  }
  const odd = rows.findIndex((row) => !Array.isArray(row) || row.length !== names.length);
  if (odd >= 0) throw wrong(`${place}[${odd}] must be a list of ${names.length} values: ${listing(names)}.`);
  const lists = rows as readonly (readonly unknown[])[];
  return { rows: rows.length, columns: names.map((name, column) => ({ name, at: (row) => lists[row]![column] })) };
}

function list(place: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw wrong(`${place} must be a list.`);
}

function isNames(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) && value.every((name) => typeof name === 'string') && new Set(value).size === value.length
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wrong(message: string): AppError {
  return new AppError('BAD_INPUT', message);
}
