/** How far a training is, as one line of its output. */
export interface ProgressLine {
  readonly done: number;
  readonly total: number;
  readonly message: string;
}

const PROGRESS = /^progress=(\d+)\/(\d+) message="([^"]*)";$/;

export function formatProgress({ done, total, message }: ProgressLine): string {
  return `progress=${done}/${total} message="${message.replaceAll('"', "'")}";`;
}

/** Work of several parts is told in so many steps. */
const STEPS = 1000;

/** The progress of one of `parts` equal parts of a work, as progress of the whole. @param part from 0. */
export function progressOfPart(line: ProgressLine, part: number, parts: number): ProgressLine {
  if (parts === 1) return line;
  const { done, total, message } = line;
  return { done: Math.round((STEPS * (part + done / total)) / parts), total: STEPS, message };
}

/** @returns undefined for a line that tells no progress. */
export function parseProgress(line: string): ProgressLine | undefined {
  const match = PROGRESS.exec(line);
  return match ? { done: Number(match[1]), total: Number(match[2]), message: match[3]! } : undefined;
}

/** `validation:rmse=0.31;`, the form that a metric definition of the platform finds with one regular expression. */
export function formatMetric(split: string, name: string, value: number): string {
  return `${split}:${name}=${value};`;
}
