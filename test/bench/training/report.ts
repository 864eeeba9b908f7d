/** The benchmark's figures as a Markdown table. */
import { median } from '../median.ts';
import type { Measurement } from './measurement.ts';
import type { Quality } from './quality.ts';

export interface Contender {
  readonly name: string;
  readonly quality: Quality;
  /** One a round. */
  readonly measured: readonly Measurement[];
}

/** A contest on a set; ours comes first. */
export interface Group {
  readonly contest: string;
  readonly goal: string;
  readonly set: string;
  /** Of the float32 columns. */
  readonly inputBytes: number;
  readonly contenders: readonly Contender[];
}

export interface Figures {
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly groups: readonly Group[];
  /** Sets whose files are not there. */
  readonly skipped: readonly string[];
  /** Why there are no peers. */
  readonly absent: string | undefined;
}

const HEAD = ['', 'set', 'contender', 'seconds', 'spread', 'ours is', 'quality', 'memory'];

export function reportFigures({ machine, versions, groups, skipped, absent }: Figures): string {
  const named = Object.entries(versions).map((entry) => entry.join(' '));
  const goals = new Map(groups.map(({ contest, goal }) => [contest, goal]));
  const lines = [
    `${machine}; ${named.join(', ')}`,
    ...(absent === undefined ? [] : [`The peers are absent: ${absent}`]),
    ...skipped.map((set) => `${set} was skipped: its files are not there`),
    '',
    row(HEAD),
    row(HEAD.map(() => '---')),
    ...groups.flatMap((group) => group.contenders.map((contender) => row(cells(group, contender)))),
    '',
    ...Array.from(goals, ([contest, goal]) => `Goal of ${contest}: ${goal}`),
  ];
  return `${lines.join('\n')}\n`;
}

function cells({ contest, set, inputBytes, contenders }: Group, contender: Contender): string[] {
  const seconds = contender.measured.map((one) => one.seconds);
  const ours = contenders[0]!;
  const ratio = medianSeconds(ours) / median(seconds);
  const distance = contender === ours ? '' : coefficientDistance(ours, contender);
  return [
    contest,
    set,
    contender.name,
    median(seconds).toFixed(2),
    `${Math.min(...seconds).toFixed(2)}–${Math.max(...seconds).toFixed(2)}`,
    contender === ours ? '' : `${ratio.toFixed(2)} ×`,
    qualityText(contender.quality) + distance,
    memoryText(contender, inputBytes),
  ];
}

function medianSeconds({ measured }: Contender): number {
  return median(measured.map(({ seconds }) => seconds));
}

function qualityText(quality: Quality): string {
  return Object.entries(quality)
    .map(([name, value]) => `${name} ${value.toFixed(4)}`)
    .join(', ');
}

/** The largest difference of two models' coefficients, relative to those above 1. */
function coefficientDistance(ours: Contender, theirs: Contender): string {
  const [a, b] = [ours.measured[0]!.coefficients, theirs.measured[0]!.coefficients];
  if (!a || !b) return '';
  const differences = b.map((value, i) => Math.abs(a[i]! - value) / Math.max(1, Math.abs(value)));
  return `, coefficients differ by ${Math.max(...differences).toExponential(0)}`;
}

function memoryText({ measured }: Contender, inputBytes: number): string {
  const bytes = measured.map(({ peakBytes }) => peakBytes).filter((value) => value !== undefined);
  return bytes.length === 0 ? 'unknown' : `${(median(bytes) / inputBytes).toFixed(1)} ×`;
}

function row(texts: readonly string[]): string {
  return `| ${texts.join(' | ')} |`;
}
