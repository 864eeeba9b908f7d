/** The benchmark's figures as Markdown tables. */
import { median } from '../median.ts';
import type { Measured, Measurement } from './measure.ts';
import type { Table } from './tables.ts';

export interface Figures {
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly load: string;
  readonly tables: readonly Table[];
}

export function reportFigures({ machine, versions, load, tables }: Figures): string {
  const named = Object.entries(versions).map((entry) => entry.join(' '));
  return `${[`${machine}; ${named.join(', ')}`, load, ...tables.flatMap(tableLines)].join('\n')}\n`;
}

function tableLines({ title, goal, ratio, rows, notes }: Table): string[] {
  const [first] = rows;
  if (!first) return ['', `### ${title}`, '', ...notes];
  const observed = [...new Set(rows.flatMap(({ rounds }) => Object.keys(rounds[0]?.observed ?? {})))];
  const compared = ratio === 'FIRST_IS' ? `${first.name} is` : `of ${first.name}`;
  const head = [
    '',
    'requests/s',
    'spread',
    compared,
    'p50, ms',
    'p99, ms',
    'server, µs',
    'PostgreSQL, µs',
    ...observed,
  ];
  const cells = (row: Measured): string[] => {
    const of = (value: (one: Measurement) => number): number => median(row.rounds.map(value));
    const rates = row.rounds.map((one) => one.requestsPerSecond);
    const factor = median(rates) / median(first.rounds.map((one) => one.requestsPerSecond));
    return [
      row.name,
      figure(median(rates)),
      `${figure(Math.min(...rates))}–${figure(Math.max(...rates))}`,
      row === first ? '' : `${figure(ratio === 'FIRST_IS' ? 1 / factor : factor)} ×`,
      figure(of((one) => one.p50)),
      figure(of((one) => one.p99)),
      figure(of((one) => one.serverUs)),
      figure(of((one) => one.postgresUs)),
      ...observed.map((name) => figure(of((one) => one.observed[name] ?? NaN))),
    ];
  };
  return [
    ...['', `### ${title}`, '', line(head), line(head.map(() => '---'))],
    ...rows.map((row) => line(cells(row))),
    ...(goal === undefined ? [] : ['', `Goal: ${goal}.`]),
    ...(notes.length === 0 ? [] : ['', ...notes.map((note) => `- ${note}`)]),
  ];
}

/** Nothing for what was not measured. */
function figure(value: number): string {
  if (Number.isNaN(value)) return '';
  return value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0);
}

function line(texts: readonly string[]): string {
  return `| ${texts.join(' | ')} |`;
}
