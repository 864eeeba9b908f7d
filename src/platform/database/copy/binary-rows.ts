/** `PGCOPY\n\xff\r\n\0`, no flags, no extension. */
const HEADER = Buffer.from('5047434f50590aff0d0a000000000000000000', 'hex');
/** Instead of a row's number of fields: the end. */
const TRAILER = -1;
/** Instead of a field's length: NULL. */
const NULL_LENGTH = -1;
const JSONB_VERSION = 1;
/** PostgreSQL's times begin in 2000. */
const EPOCH_MS = Date.UTC(2000, 0, 1);
const UUID_CHARACTERS = 36;
/** Of the first chunk, enough for a few rows, and of those behind it. */
const FIRST_BYTES = 2 ** 13;
const CHUNK_BYTES = 2 ** 16;
/** UTF-8 takes at most so many bytes for a UTF-16 unit. */
const UNIT_BYTES = 3;

/**
 * Rows as `COPY … FROM STDIN (FORMAT binary)` takes them: field by field, in the order of the named columns. Nothing is
 * quoted here and parsed there, as in arrays of texts.
 */
export class BinaryRows {
  /** Those that are full. */
  private readonly chunks: Uint8Array[] = [];
  private bytes = Buffer.allocUnsafe(FIRST_BYTES);
  private end = HEADER.copy(this.bytes);

  row(fields: number): this {
    this.makeRoom(2);
    this.end = this.bytes.writeInt16BE(fields, this.end);
    return this;
  }

  null(): this {
    this.makeRoom(4);
    this.end = this.bytes.writeInt32BE(NULL_LENGTH, this.end);
    return this;
  }

  /** @param text as `01930000-0000-7000-8000-000000000000`. @throws RangeError for another length. */
  uuid(text: string): this {
    if (text.length !== UUID_CHARACTERS) throw new RangeError(`"${text}" is no UUID`);
    this.field(16);
    for (let at = 0; at < text.length; at += 2) {
      if (text.charCodeAt(at) === DASH) at++;
      this.bytes[this.end++] = (hexDigit(text.charCodeAt(at)) << 4) | hexDigit(text.charCodeAt(at + 1));
    }
    return this;
  }

  int4(value: number): this {
    this.field(4);
    this.end = this.bytes.writeInt32BE(value, this.end);
    return this;
  }

  int8(value: number): this {
    this.field(8);
    this.end = this.bytes.writeBigInt64BE(BigInt(value), this.end);
    return this;
  }

  timestamptz(value: Date): this {
    return this.int8((value.getTime() - EPOCH_MS) * 1_000);
  }

  bytea(value: Uint8Array): this {
    this.field(value.length);
    this.bytes.set(value, this.end);
    this.end += value.length;
    return this;
  }

  text(value: string): this {
    return this.utf8(value, 0);
  }

  /** @param json as text. */
  jsonb(json: string): this {
    return this.utf8(json, 1);
  }

  /** Whole rows that another one encoded. @param rows by {@link toRows}; they are not copied. */
  append(rows: Uint8Array): this {
    this.endChunk();
    this.chunks.push(rows);
    return this;
  }

  /** All rows so far, without what comes before and behind them. */
  toRows(): Uint8Array<ArrayBuffer> {
    const chunks = [...this.chunks, this.bytes.subarray(0, this.end)];
    const rows = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, -HEADER.length));
    let end = -HEADER.length;
    for (const chunk of chunks) {
      rows.set(end < 0 ? chunk.subarray(-end) : chunk, Math.max(end, 0));
      end += chunk.length;
    }
    return rows;
  }

  /** All rows, complete, in the chunks that they were written to. */
  toChunks(): readonly Uint8Array[] {
    this.makeRoom(2);
    this.end = this.bytes.writeInt16BE(TRAILER, this.end);
    this.endChunk();
    return this.chunks;
  }

  /** Text behind its length in bytes, which is known when it is written; and a version before it, for jsonb. */
  private utf8(text: string, prefix: 0 | 1): this {
    this.makeRoom(5 + text.length * UNIT_BYTES);
    const start = this.end + 4;
    if (prefix === 1) this.bytes[start] = JSONB_VERSION;
    const length = prefix + this.bytes.write(text, start + prefix);
    this.bytes.writeInt32BE(length, this.end);
    this.end = start + length;
    return this;
  }

  private field(length: number): void {
    this.makeRoom(4 + length);
    this.end = this.bytes.writeInt32BE(length, this.end);
  }

  private makeRoom(bytes: number): void {
    if (this.end + bytes <= this.bytes.length) return;
    this.endChunk();
    this.bytes = Buffer.allocUnsafe(Math.max(bytes, CHUNK_BYTES));
  }

  private endChunk(): void {
    if (this.end > 0) this.chunks.push(this.bytes.subarray(0, this.end));
    this.bytes = this.bytes.subarray(this.end);
    this.end = 0;
  }
}

const DASH = 0x2d;

/** Of the character codes of 0–9, a–f and A–F. */
function hexDigit(code: number): number {
  return code < 0x40 ? code & 0xf : (code & 0xf) + 9;
}
