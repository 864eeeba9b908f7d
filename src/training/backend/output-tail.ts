import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { parseProgress, type ProgressLine } from '../container/progress-line.js';

const MAX_LINE = 1_000;
const MAX_LENGTH = 16_000;
const METRIC = /^\w+:\w+=[^ ]+;$/;

/** Reads a training's output: remembers the last progress and, bounded, the last lines for people. */
export class OutputTail {
  private text = '';
  progress?: ProgressLine;

  read(stream: Readable): void {
    createInterface({ input: stream, crlfDelay: Infinity }).on('line', (line) => {
      this.add(line);
    });
  }

  add(line: string): void {
    const progress = parseProgress(line);
    if (progress) this.progress = progress;
    // Metrics are on record elsewhere, and one line a tree would push out what people look for.
    if (progress || METRIC.test(line)) return;
    // PostgreSQL refuses NUL in text.
    this.text += `${line.slice(0, MAX_LINE).replaceAll('\0', '')}\n`;
    if (this.text.length > MAX_LENGTH)
      this.text = this.text.slice(this.text.indexOf('\n', this.text.length - MAX_LENGTH) + 1);
  }

  get log(): string {
    return this.text;
  }
}
