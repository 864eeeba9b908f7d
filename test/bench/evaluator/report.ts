/** The benchmark's figures as a Markdown table. */
import { median } from '../median.ts';
import type { Timings } from './contest.ts';

export interface Row {
  readonly name: string;
  readonly onnxBytes: number;
  readonly difference: number;
  readonly boucle: Timings;
  readonly onnxRuntime: Timings;
  /** Only for its own models. */
  readonly scikitLearn?: Timings;
}

export interface Figures {
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
  /** Why there is no scikit-learn. */
  readonly absent: string | undefined;
}

const HEAD = ['model', 'rows a call', 'Boucle, µs a row', 'ONNX Runtime', 'speed-up', 'scikit-learn', 'speed-up'];
const KINDS = { single: '1', batch: '10,000' } as const;

export function reportFigures({ machine, versions, rows, absent }: Figures): string {
  const named = Object.entries(versions).map((entry) => entry.join(' '));
  const differences = rows.map(({ difference }) => difference);
  const lines = [
    `${machine}; ${named.join(', ')}`,
    ...(absent === undefined ? [] : [`scikit-learn is absent: ${absent}`]),
    '',
    line(HEAD),
    line(HEAD.map(() => '---')),
    ...(['single', 'batch'] as const).flatMap((kind) => rows.map((row) => line(cells(row, kind)))),
    '',
    `All scores agree to ${Math.max(...differences).toExponential(0)}. Medians, in brackets the quartiles.`,
    'Goals for forests: 1 row ≥ 5 × ONNX Runtime and ≥ 300 × scikit-learn, 10,000 rows ≥ 3 × each.',
  ];
  return `${lines.join('\n')}\n`;
}

function cells({ name, boucle, onnxRuntime, scikitLearn }: Row, kind: keyof Timings): string[] {
  const ours = boucle[kind];
  return [
    name,
    KINDS[kind],
    spread(ours),
    spread(onnxRuntime[kind]),
    speedUp(ours, onnxRuntime[kind]),
    scikitLearn ? spread(scikitLearn[kind]) : '',
    scikitLearn ? speedUp(ours, scikitLearn[kind]) : '',
  ];
}

function spread(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const quartile = (share: number): number => sorted[Math.round(share * (sorted.length - 1))]!;
  return `${figure(median(values))} (${figure(quartile(0.25))}–${figure(quartile(0.75))})`;
}

function speedUp(ours: readonly number[], theirs: readonly number[]): string {
  return `${figure(median(theirs) / median(ours))} ×`;
}

function figure(value: number): string {
  return value < 0.1
    ? value.toFixed(3)
    : value < 10
      ? value.toFixed(2)
      : value < 100
        ? value.toFixed(1)
        : value.toFixed(0);
}

function line(texts: readonly string[]): string {
  return `| ${texts.join(' | ')} |`;
}
