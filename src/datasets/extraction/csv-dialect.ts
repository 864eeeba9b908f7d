import { AppError } from '../../errors/app-error.js';
import { fold, ReadOptions } from './source-spec.js';

export interface CsvDialect {
  readonly delimiter: string;
  /** True if the first record names the columns and is no data. */
  readonly header: boolean;
  readonly names: readonly string[];
}

const DELIMITERS = [',', ';', '\t', '|'];

/**
 * Decides delimiter and column names from the beginning of a file. Only the first record counts: what later lines look
 * like must not change how a file is read from one extraction to the next.
 * @throws AppError BAD_INPUT if the names given do not fit the first record, or the header names a column twice.
 */
export function detectDialect(
  head: string,
  options: Pick<ReadOptions, 'delimiter' | 'decimalComma' | 'header' | 'names'>,
): CsvDialect {
  const text = head.replace(/^\uFEFF/, '').replace(/^[\r\n]+/, '');
  const delimiter = options.delimiter ?? mostFrequentDelimiter(text, options.decimalComma);
  const first = firstRecord(text, delimiter);
  if (first.length === 1 && first[0] === '') {
    throw new AppError('BAD_INPUT', 'The source has no line of data. Check that it holds data, then extract again.');
  }
  const header = options.header ?? options.names === undefined;
  const names = options.names ?? (header ? first.map(nameOrPosition) : first.map((_, index) => `column_${index + 1}`));
  if (names.length !== first.length) throw wrongWidth(names.length, first.length, delimiter);
  assertDistinct(names);
  return { delimiter, header, names };
}

/** Fields of the first record of a CSV text, with RFC 4180 quotes. */
export function firstRecord(text: string, delimiter: string): string[] {
  const fields: string[] = [];
  let field = '';
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (quoted) {
      if (char !== '"') field += char;
      else if (text[i + 1] === '"') field += text.charAt(++i);
      else quoted = false;
    } else if (char === '"' && field === '') quoted = true;
    else if (char === '\n' || char === '\r') break;
    else if (char === delimiter) {
      fields.push(field);
      field = '';
    } else field += char;
  }
  return [...fields, field];
}

function mostFrequentDelimiter(text: string, decimalComma: boolean): string {
  const candidates = decimalComma ? DELIMITERS.filter((candidate) => candidate !== ',') : DELIMITERS;
  const widths = candidates.map((candidate) => firstRecord(text, candidate).length);
  return candidates[widths.indexOf(Math.max(...widths))]!;
}

function nameOrPosition(field: string, index: number): string {
  const name = field.trim();
  return name === '' ? `column_${index + 1}` : name;
}

function assertDistinct(names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(fold(name))) {
      throw new AppError(
        'BAD_INPUT',
        `The header names the column ${JSON.stringify(name)} twice (upper and lower case count as equal). Give the option "names", with "header" true to skip the first line.`,
        { column: name },
      );
    }
    seen.add(fold(name));
  }
}

function wrongWidth(given: number, found: number, delimiter: string): AppError {
  return new AppError(
    'BAD_INPUT',
    `${given} names were given, but the first line has ${found} fields with the delimiter ${JSON.stringify(delimiter)}. Correct the names or the delimiter.`,
    { given, found },
  );
}
