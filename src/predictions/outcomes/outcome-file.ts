import { AppError } from '../../errors/app-error.js';
import { CsvReader, type CsvRecord } from './csv-records.js';

/** An outcome as it came, or what is wrong with its line. */
export interface RawOutcome {
  readonly position: number;
  readonly raw?: unknown;
  readonly problem?: string;
}

/** What a file may be; its content type says which. */
export type OutcomeFormat = 'csv' | 'ndjson';

const MAX_LINE = 65_536;
/** What is read in one turn of the event loop: some milliseconds' worth of short wrong lines, the slowest there are. */
const TURN_BYTES = 8_192;
const COLUMNS = ['predictionId', 'correlationId', 'model', 'value', 'occurredAt'] as const;
type ColumnName = (typeof COLUMNS)[number];

/**
 * Reads a file of outcomes piece by piece; no more than a piece and a line of it is in memory.
 * @throws AppError BAD_INPUT for a CSV file without a header that names known columns.
 */
export async function* readOutcomes(
  format: OutcomeFormat,
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<readonly RawOutcome[]> {
  const reader = format === 'csv' ? new CsvOutcomes() : new JsonLines();
  const decoder = new TextDecoder();
  for await (const bytes of body) {
    for (let at = 0; at < bytes.length; at += TURN_BYTES) {
      yield reader.push(decoder.decode(bytes.subarray(at, at + TURN_BYTES), { stream: true }));
    }
  }
  yield reader.push(decoder.decode());
  yield reader.end();
}

class JsonLines {
  private line = 1;
  private rest = '';
  private isTooLong = false;

  push(text: string): RawOutcome[] {
    const lines = text.split('\n');
    const last = lines.pop()!;
    const outcomes = lines.flatMap((line) => this.complete(line));
    this.grow(last);
    return outcomes;
  }

  end(): RawOutcome[] {
    return this.complete('');
  }

  private grow(text: string): void {
    this.isTooLong ||= this.rest.length + text.length > MAX_LINE;
    this.rest = this.isTooLong ? '' : this.rest + text;
  }

  private complete(ending: string): RawOutcome[] {
    this.grow(ending);
    const { rest: text, isTooLong, line: position } = this;
    this.rest = '';
    this.isTooLong = false;
    this.line++;
    if (isTooLong) return [{ position, problem: `The line is longer than ${MAX_LINE} characters` }];
    if (text.trim() === '') return [];
    try {
      return [{ position, raw: JSON.parse(text) as unknown }];
    } catch {
      return [{ position, problem: 'The line is no JSON' }];
    }
  }
}

class CsvOutcomes {
  private readonly reader = new CsvReader();
  private header: readonly ColumnName[] | undefined;

  push(text: string): RawOutcome[] {
    return this.reader.push(text).flatMap((record) => this.outcomeOf(record));
  }

  end(): RawOutcome[] {
    return this.reader.end().flatMap((record) => this.outcomeOf(record));
  }

  private outcomeOf({ line: position, fields, problem }: CsvRecord): RawOutcome[] {
    if (!this.header) {
      this.header = headerOf(fields);
      return [];
    }
    const { header } = this;
    if (problem !== undefined) return [{ position, problem: `The record cannot be read: ${problem}` }];
    if (fields.length !== header.length) {
      return [{ position, problem: `The record has ${fields.length} values, the header ${header.length} columns` }];
    }
    // An empty value is none.
    const given = header.flatMap((name, i) => (fields[i] === '' ? [] : [[name, fields[i]] as const]));
    return [{ position, raw: Object.fromEntries(given) }];
  }
}

/** Names count without case, spaces and underscores: prediction_id is predictionId. */
function headerOf(fields: readonly string[]): ColumnName[] {
  const plain = (name: string) => name.toLowerCase().replace(/[\s_]/g, '');
  const header = fields.map((field) => COLUMNS.find((name) => plain(name) === plain(field)));
  const names = header.filter((name) => name !== undefined);
  const isComplete = names.includes('value') && (names.includes('predictionId') || names.includes('correlationId'));
  if (isComplete && names.length === fields.length && new Set(names).size === names.length) return names;
  throw new AppError(
    'BAD_INPUT',
    `The first line of the file must name its columns: value and predictionId or correlationId, and if you like model and occurredAt.`,
  );
}
