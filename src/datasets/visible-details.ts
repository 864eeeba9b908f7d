import { hasRole, type Principal } from '../auth/principal.js';
import type { DatasetSource } from './datasets.types.js';

/** Rows are for engineers; so is whatever quotes them, or could let somebody fetch them. */

const COUNTS = ['name', 'type', 'nulls', 'distinct', 'exact'] as const;

/** Of every column counts only, no values. */
export function visibleProfile(profile: readonly object[], principal: Principal): readonly object[] {
  return seesRows(principal) ? profile : profile.map(countsOf);
}

/** Addresses without what may stand for a password in them, and no SQL. */
export function visibleSource(source: DatasetSource, principal: Principal): DatasetSource {
  if (seesRows(principal)) return source;
  const { kind, url, format, region, endpoint, connection, options, createdAt } = source;
  return {
    kind,
    url: url && bareAddress(url),
    format,
    region,
    endpoint,
    connection: connection && bareAddress(connection),
    query: null,
    options: withoutSql(options),
    createdAt,
  };
}

/** Reasons quote the cells that could not be read. */
export function visibleFailure(failure: string, principal: Principal): string {
  return seesRows(principal) ? failure : 'The extraction failed. An engineer can see why.';
}

function seesRows(principal: Principal): boolean {
  return hasRole(principal, 'ENGINEER');
}

function countsOf(column: object): object {
  const fields = column as Readonly<Record<string, unknown>>;
  return Object.fromEntries(COUNTS.map((name) => [name, fields[name]]));
}

function bareAddress(address: string): string {
  const { protocol, host, pathname } = new URL(address);
  return `${protocol}//${host}${pathname}`;
}

function withoutSql(options: object): object {
  const hidden = ['filter', 'select'];
  return Object.fromEntries(Object.entries(options).filter(([name]) => !hidden.includes(name)));
}
