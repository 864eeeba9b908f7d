import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { parseProgress, type ProgressLine } from '../container/progress-line.js';
import { parseTrial, type TrialLine } from '../container/trial-line.js';

const MAX_LINE = 1_000;
const MAX_LENGTH = 16_000;
const METRIC = /^\w+:\w+=[^ ]+;$/;

/** Reads the output of a training or search: remembers the last progress, trials and, bounded, the last lines for people. */
export class OutputTail {
  private text = '';
  progress?: ProgressLine;
  /** What a search told of its trials. */
  readonly trials: TrialLine[] = [];

  read(stream: Readable): void {
    createInterface({ input: stream, crlfDelay: Infinity }).on('line', (line) => {
      this.add(line);
    });
  }

  add(line: string): void {
    const trial = parseTrial(line);
    if (trial) {
      this.trials.push(trial);
      return;
    }
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
