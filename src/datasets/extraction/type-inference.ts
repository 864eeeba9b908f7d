import { DuckDbSession, JsonRow, RunOptions } from '../../platform/duckdb/duckdb-session.js';
import { identifier, literal } from '../../platform/duckdb/sql-text.js';
import { cleanText, ColumnType, INFERRED_FORMS, textExpression } from './column-types.js';
import { markersOf } from './column-plan.js';
import { rawColumns, RawRelation } from './readers.js';
import { fold, ReadOptions } from './source-spec.js';

export interface Inference {
  readonly types: ReadonlyMap<string, ColumnType>;
  /** Columns that held no value at all, so nothing is known of them. */
  readonly undecided: readonly string[];
  /** Columns that would have another type if a usual marker of missing values were declared. */
  readonly hints: readonly string[];
}

const SAMPLE_ROWS = 20_480;
/** Most specific first; a column takes the first type that all its values have. */
const CANDIDATES = ['BOOLEAN', 'INTEGER', 'NUMBER', 'DATE', 'TIMESTAMP'] as const;
const USUAL_MARKERS = ['NA', 'N/A', 'n/a', '?', '-', 'null', 'NULL', 'None', 'nan', 'NaN', '.'];

/**
 * Finds the type of every text column from its values: in the first rows, or in all of them.
 * Columns that are cast or declared by their source are left alone.
 */
export async function inferTypes(
  session: DuckDbSession,
  relation: RawRelation,
  options: ReadOptions,
  scope: { readonly wholeFile: boolean; readonly only?: readonly string[] },
  run: RunOptions,
): Promise<Inference> {
  const columns = openColumns(relation, options).filter((name) => !scope.only || scope.only.includes(name));
  if (columns.length === 0) return { types: new Map(), undecided: [], hints: [] };
  const rules = { trim: options.trim, markers: markersOf(relation, options) };
  const text = columns.map((name, index) => `${cleanText(name, rules)} AS c${index}`).join(', ');
  const counts = columns.flatMap((_, index) => countsOf(`c${index}`, index, options));
  const limit = scope.wholeFile ? '' : `LIMIT ${SAMPLE_ROWS}`;
  const sample = `(SELECT ${rawColumns(relation)} FROM ${relation.from} ${limit})`;
  const [row = {}] = await session.rows(`SELECT ${counts.join(', ')} FROM (SELECT ${text} FROM ${sample})`, run);
  return decide(columns, row);
}

function openColumns(relation: RawRelation, options: ReadOptions): string[] {
  const cast = new Set(options.casts.map(({ column }) => fold(column)));
  return relation.columns
    .filter((column) => relation.format === 'CSV' && !column.declared && !cast.has(fold(column.name)))
    .map(({ name }) => name);
}

function countsOf(text: string, index: number, options: ReadOptions): string[] {
  const fits = CANDIDATES.map((type) => {
    const form = INFERRED_FORMS[type];
    const rules = { decimalComma: options.decimalComma, lenient: true };
    const converted = `${textExpression(text, type, rules)} IS NOT NULL`;
    // CASE evaluates the second condition only where the first holds; a failed conversion is slow.
    const fit = `CASE WHEN regexp_full_match(${text}, ${literal(form)}) THEN ${converted} ELSE false END`;
    // NaN is a number, though one that is stored as missing.
    const orNaN = type === 'NUMBER' ? ` OR lower(${text}) = 'nan'` : '';
    return `count(*) FILTER (${fit}${orNaN}) AS ${identifier(`${type}_${index}`)}`;
  });
  const markers = `${text} IN (${USUAL_MARKERS.map(literal).join(', ')})`;
  return [`count(${text}) AS "values_${index}"`, `count(*) FILTER (${markers}) AS "markers_${index}"`, ...fits];
}

function decide(columns: readonly string[], row: JsonRow): Inference {
  const types = new Map<string, ColumnType>();
  const undecided: string[] = [];
  const hints: string[] = [];
  columns.forEach((name, index) => {
    const count = (key: string) => Number(row[`${key}_${index}`]);
    const values = count('values');
    if (values === 0) {
      undecided.push(name);
      return;
    }
    const type = CANDIDATES.find((candidate) => count(candidate) === values);
    if (type) {
      types.set(name, type);
      return;
    }
    const markers = count('markers');
    const nearly = CANDIDATES.find((candidate) => count(candidate) > 0 && count(candidate) + markers === values);
    if (nearly)
      hints.push(
        `Column ${JSON.stringify(name)} would be ${nearly} if its marker of missing values were among nullMarkers.`,
      );
  });
  return { types, undecided, hints };
}
