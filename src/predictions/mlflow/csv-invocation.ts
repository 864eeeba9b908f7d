import { isUtf8 } from 'node:buffer';
import { AppError } from '../../errors/app-error.js';
import type { Row } from '../../ml/schema/rows.js';
import type { Signature } from '../../ml/schema/signature.js';
import { nextTurn } from '../../ml/statistics/next-turn.js';
import { CsvReader, type CsvRecord } from '../outcomes/csv-records.js';
import { checkRowCount } from '../prediction-request.js';

/** Characters read in one turn of the event loop. */
const TURN_CHARACTERS = 2 ** 16;
const CHARSET = /;\s*charset="?([^";\s]+)"?/i;

export function isCsv(contentType: string | undefined): boolean {
  return /^text\/csv\b/i.test(contentType ?? '');
}

/**
 * The rows of a CSV file with a header. An empty value is missing; True and False, as pandas writes them, are booleans.
 * @throws AppError UNSUPPORTED_MEDIA_TYPE for text that is not UTF-8, BAD_INPUT for a file that is no table.
 */
export async function csvRows(
  { features }: Signature,
  contentType: string,
  bytes: Uint8Array,
  maxRows: number,
): Promise<Row[]> {
  const charset = CHARSET.exec(contentType)?.[1] ?? 'utf-8';
  if (!/^utf-?8$/i.test(charset) || !isUtf8(bytes)) {
    throw new AppError('UNSUPPORTED_MEDIA_TYPE', 'CSV must be in UTF-8. Write the file in that encoding.');
  }
  const booleans = new Set(features.filter(({ type }) => type === 'BOOLEAN').map(({ name }) => name));
  let header: readonly string[] | undefined;
  const rows: Row[] = [];
  for await (const record of records(new TextDecoder().decode(bytes))) {
    if (record.problem !== undefined) throw wrong(`Line ${record.line}: ${record.problem}.`);
    if (!header) header = headerOf(record);
    else rows.push(rowOf(record, header, booleans));
    if (rows.length > maxRows) break;
  }
  checkRowCount(rows.length, maxRows);
  return rows;
}

async function* records(text: string): AsyncGenerator<CsvRecord> {
  const reader = new CsvReader();
  for (let start = 0; start < text.length; start += TURN_CHARACTERS) {
    if (start > 0) await nextTurn();
    yield* reader.push(text.slice(start, start + TURN_CHARACTERS));
  }
  yield* reader.end();
}

function headerOf({ fields }: CsvRecord): readonly string[] {
  if (new Set(fields).size === fields.length) return fields;
  throw wrong('The first line of the file must name its columns, each once.');
}

function rowOf({ line, fields }: CsvRecord, header: readonly string[], booleans: ReadonlySet<string>): Row {
  if (fields.length !== header.length) {
    throw wrong(`Line ${line} has ${fields.length} values, the header ${header.length} columns.`);
  }
  const row = Object.create(null) as Record<string, unknown>;
  header.forEach((name, i) => {
    const field = fields[i]!;
    row[name] = field === '' ? null : booleans.has(name) ? field.toLowerCase() : field;
  });
  return row;
}

function wrong(message: string): AppError {
  return new AppError('BAD_INPUT', message);
}
