/** Longest record; what is longer has most likely lost a quote. */
const MAX_RECORD = 65_536;

/** A record of a CSV file, or what is wrong with it. */
export interface CsvRecord {
  /** Line of the file on which it begins, from 1 on. */
  readonly line: number;
  readonly fields: readonly string[];
  readonly problem?: string;
}

/**
 * Reads CSV (RFC 4180: commas, quotes doubled within quotes, LF or CRLF) piece by piece. Blank lines are left out. A
 * record longer than 65,536 characters is reported, and reading goes on with the line after it.
 */
export class CsvReader {
  private records: CsvRecord[] = [];
  private fields: string[] = [];
  private field = '';
  private length = 0;
  private line = 1;
  private start = 1;
  private state: 'FIELD' | 'QUOTED' | 'QUOTE' | 'SKIPPING' = 'FIELD';

  /** Takes more text and returns the records that it completes. */
  push(text: string): CsvRecord[] {
    for (const character of text) this.take(character);
    return this.taken();
  }

  /** The last record, if the file does not end with a line break. */
  end(): CsvRecord[] {
    if (this.state === 'QUOTED') this.finish('a quoted value does not end');
    else if (this.state !== 'SKIPPING') this.finish();
    return this.taken();
  }

  private take(character: string): void {
    if (character === '\n') this.line++;
    if (this.state === 'SKIPPING') {
      if (character === '\n') this.begin();
      return;
    }
    if (++this.length > MAX_RECORD) {
      this.finish(`the record is longer than ${MAX_RECORD} characters; a quote may be missing`);
      if (character !== '\n') this.state = 'SKIPPING';
      return;
    }
    if (this.state === 'QUOTED') this.takeQuoted(character);
    else this.takePlain(character);
  }

  private takeQuoted(character: string): void {
    if (character === '"') this.state = 'QUOTE';
    else this.field += character;
  }

  private takePlain(character: string): void {
    if (character === ',') {
      this.endField();
    } else if (character === '\n') {
      this.finish();
    } else if (character === '"' && (this.state === 'QUOTE' || this.field === '')) {
      // Within quotes, the second of two stands for one; at the beginning, a quote opens the value.
      if (this.state === 'QUOTE') this.field += '"';
      this.state = 'QUOTED';
    } else {
      this.field += character;
    }
  }

  private endField(): void {
    this.fields.push(this.field);
    this.field = '';
    this.state = 'FIELD';
  }

  private finish(problem?: string): void {
    if (this.field.endsWith('\r')) this.field = this.field.slice(0, -1);
    const isBlank = this.fields.length === 0 && this.field === '';
    this.endField();
    if (problem !== undefined) this.records.push({ line: this.start, fields: [], problem });
    else if (!isBlank) this.records.push({ line: this.start, fields: this.fields });
    this.begin();
  }

  private begin(): void {
    this.fields = [];
    this.length = 0;
    this.start = this.line;
    this.state = 'FIELD';
  }

  private taken(): CsvRecord[] {
    const { records } = this;
    this.records = [];
    return records;
  }
}
