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

/** @returns undefined for a line that tells no progress. */
export function parseProgress(line: string): ProgressLine | undefined {
  const match = PROGRESS.exec(line);
  return match ? { done: Number(match[1]), total: Number(match[2]), message: match[3]! } : undefined;
}

/** `validation:rmse=0.31;`, the form that a metric definition of the platform finds with one regular expression. */
export function formatMetric(split: string, name: string, value: number): string {
  return `${split}:${name}=${value};`;
}
