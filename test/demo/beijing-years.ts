import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readTable, type SourceRow } from './source-rows.ts';

/** It lies beside the project where it is developed; see the README of that folder. */
const BEIJING = fileURLToPath(new URL('../../../shared/data/beijing-pm25.csv', import.meta.url));

/** Every hour of the weather in Beijing, 2010–2014, and the fine dust in the air, where it was measured. */
export interface BeijingYears {
  readonly header: string;
  /** 2010, which the source knows from the beginning. */
  readonly known: readonly SourceRow[];
  /** The years that follow. */
  readonly later: readonly BeijingYear[];
}

export interface BeijingYear {
  readonly year: number;
  readonly hours: readonly SourceRow[];
}

/** @returns undefined where the file is absent. */
export function readBeijingYears(): BeijingYears | undefined {
  if (!existsSync(BEIJING)) return undefined;
  const { header, rows } = readTable(BEIJING, ['cbwd'], ({ No }) => String(No));
  const hoursOf = (year: number): SourceRow[] => rows.filter(({ cells }) => cells['year'] === year);
  return {
    header,
    known: hoursOf(2010),
    later: [2011, 2012, 2013, 2014].map((year) => ({ year, hours: hoursOf(year) })),
  };
}
