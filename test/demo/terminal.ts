/** A terminal, a file, or what a test collects. */
export type Output = Pick<NodeJS.WriteStream, 'isTTY'> & { write(text: string): boolean };

/** Writes progress: lines that replace each other on a terminal, one line a change elsewhere. */
export class Terminal {
  private last = '';
  private readonly stream: Output;

  constructor(stream: Output) {
    this.stream = stream;
  }

  title(text: string): void {
    this.line(`\n${this.stream.isTTY ? `\u001b[1m${text}\u001b[0m` : text}`);
  }

  line(text: string): void {
    this.clear();
    this.stream.write(`${text}\n`);
  }

  progress(text: string): void {
    if (text === this.last) return;
    this.clear();
    this.stream.write(this.stream.isTTY ? `  ${text}` : `  ${text}\n`);
    this.last = text;
  }

  /** A table with aligned columns; numbers to the right. */
  table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
    const cells = [head, ...rows].map((row) => row.map(format));
    const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
    cells.forEach((row, index) => {
      const source = index === 0 ? head : rows[index - 1]!;
      const padded = row.map((cell, column) =>
        typeof source[column] === 'number' ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
      );
      this.line(`  ${padded.join('  ').trimEnd()}`);
    });
  }

  private clear(): void {
    if (this.stream.isTTY && this.last !== '') this.stream.write('\r\u001b[2K');
    this.last = '';
  }
}

function format(value: string | number): string {
  if (typeof value === 'string') return value;
  return Number.isInteger(value) ? String(value) : value.toFixed(3);
}
