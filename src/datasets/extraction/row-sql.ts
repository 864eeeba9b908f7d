import { AppError } from '../../errors/app-error.js';
import { DuckDbSession, RunOptions } from '../../platform/duckdb/duckdb-session.js';
import { unknownColumn } from './column-plan.js';
import { ALLOWED_CAST_TYPES, ALLOWED_EXPRESSIONS, ALLOWED_FUNCTIONS, MAX_CONCATENATIONS } from './row-sql-grammar.js';
import { fold, ReadOptions } from './source-spec.js';

/** Name under which the user's SQL reads the typed columns. */
export const SOURCE_RELATION = 'source';

type Node = Readonly<Record<string, unknown>>;

/**
 * Checks the filter and column choice of a user and returns the SELECT over `source` that they make. DuckDB's own
 * parser gives the tree that is checked, and the text returned is printed from that tree: comments, a second
 * statement or an odd quote cannot survive. Only expressions over the columns and listed functions pass.
 * @throws AppError BAD_INPUT saying which part is not allowed.
 */
export async function rowSelect(
  session: DuckDbSession,
  options: Pick<ReadOptions, 'filter' | 'select'>,
  columns: readonly { readonly name: string }[],
  run: RunOptions,
): Promise<string> {
  const where = options.filter ? ` WHERE (${options.filter}\n)` : '';
  const text = `SELECT ${options.select ?? '*'}\nFROM ${SOURCE_RELATION}${where}`;
  const [parsed] = await session.rows('SELECT CAST(json_serialize_sql(CAST($1 AS VARCHAR)) AS VARCHAR) AS tree', {
    ...run,
    parameters: [text],
  });
  const tree = String(parsed?.tree);
  assertRowWise(JSON.parse(tree), columns);
  const [printed] = await session.rows('SELECT json_deserialize_sql(CAST($1 AS JSON)) AS sql', {
    ...run,
    parameters: [tree],
  });
  return String(printed?.sql);
}

function assertRowWise(tree: unknown, columns: readonly { readonly name: string }[]): void {
  const root = asNode(tree);
  if (root.error === true) {
    throw new AppError(
      'BAD_INPUT',
      `The row filter or column choice is not valid SQL: ${firstLine(root.error_message)}`,
    );
  }
  const statements = asList(root.statements);
  const select = asNode(asNode(statements[0]).node);
  if (statements.length !== 1 || !isPlainSelect(select)) {
    throw refused(
      'anything but one condition and one list of columns (no FROM, GROUP BY, ORDER BY or second statement)',
    );
  }
  const check = new ExpressionCheck(columns);
  for (const item of asList(select.select_list)) check.visit(item, true);
  check.visit(select.where_clause, false);
}

function isPlainSelect(select: Node): boolean {
  const from = asNode(select.from_table);
  const isSource =
    from.type === 'BASE_TABLE' &&
    from.table_name === SOURCE_RELATION &&
    !from.schema_name &&
    !from.catalog_name &&
    !from.alias;
  const plain = [from.sample, from.at_clause, select.having, select.sample, select.qualify].every(isAbsent);
  const lists = [
    select.modifiers,
    select.group_expressions,
    select.group_sets,
    asNode(select.cte_map).map,
    from.column_name_alias,
  ];
  return (
    select.type === 'SELECT_NODE' &&
    select.aggregate_handling === 'STANDARD_HANDLING' &&
    isSource &&
    plain &&
    lists.every((list) => asList(list).length === 0)
  );
}

/** Walks an expression tree and refuses whatever is not listed. */
class ExpressionCheck {
  private readonly known: ReadonlySet<string>;
  private concatenations = 0;

  constructor(private readonly columns: readonly { readonly name: string }[]) {
    this.known = new Set(columns.map(({ name }) => fold(name)));
  }

  visit(value: unknown, isSelectItem: boolean): void {
    if (Array.isArray(value)) {
      for (const item of value) this.visit(item, false);
      return;
    }
    if (typeof value !== 'object' || value === null) return;
    const node = value as Node;
    if (typeof node.class === 'string') this.checkExpression(node, node.class, isSelectItem);
    for (const child of Object.values(node)) this.visit(child, false);
  }

  private checkExpression(node: Node, kind: string, isSelectItem: boolean): void {
    switch (kind) {
      case 'STAR':
        if (!isSelectItem || node.columns === true || !isAbsent(node.expr))
          throw refused('* inside an expression or COLUMNS(…)');
        return;
      case 'COLUMN_REF':
        this.checkColumn(asList(node.column_names).map(String));
        return;
      case 'FUNCTION':
        this.checkFunction(node);
        return;
      case 'CAST':
        this.checkCast(asNode(node.cast_type));
        return;
      default:
        if (!ALLOWED_EXPRESSIONS.has(kind))
          throw refused(kind === 'SUBQUERY' ? 'a subquery' : `${kind.toLowerCase()} expressions`);
    }
  }

  /** Only columns of the source: an alias of this very list could be doubled again and again. */
  private checkColumn(path: readonly string[]): void {
    const [name, ...rest] = path.length === 2 && path[0] === SOURCE_RELATION ? path.slice(1) : path;
    if (name === undefined || rest.length > 0 || !this.known.has(fold(name)))
      throw unknownColumn(path.join('.'), this.columns);
  }

  private checkFunction(node: Node): void {
    const name = String(node.function_name).toLowerCase();
    const isPlain =
      node.distinct === false && isAbsent(node.filter) && asList(asNode(node.order_bys).orders).length === 0;
    const isBuiltIn = (!node.schema || node.schema === 'main') && (!node.catalog || node.catalog === 'system');
    if (!ALLOWED_FUNCTIONS.has(name) || !isPlain || !isBuiltIn) throw refused(`the function ${name}`);
    const children = asList(node.children);
    if (name === '||' || name.startsWith('concat')) this.concatenations += children.length;
    if (this.concatenations > MAX_CONCATENATIONS) throw refused(`joining more than ${MAX_CONCATENATIONS} texts`);
    if (name === 'replace' && !neverGrows(children)) {
      throw refused('replace with a text that is not a constant, or longer than the one it replaces');
    }
  }

  private checkCast(type: Node): void {
    const name = String(type.id);
    if (!ALLOWED_CAST_TYPES.has(name)) throw refused(`a cast to ${name}`);
  }
}

function neverGrows([, pattern, replacement]: readonly unknown[]): boolean {
  const from = constantText(pattern);
  const to = constantText(replacement);
  return from !== undefined && to !== undefined && from !== '' && Buffer.byteLength(to) <= Buffer.byteLength(from);
}

function constantText(value: unknown): string | undefined {
  const node = asNode(value);
  const constant = asNode(node.value).value;
  return node.class === 'CONSTANT' && typeof constant === 'string' ? constant : undefined;
}

function refused(what: string): AppError {
  return new AppError(
    'BAD_INPUT',
    `The row filter and column choice may not use ${what}. Write conditions and expressions over the columns, such as "age >= 18 AND state IN ('WA', 'OR')".`,
  );
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

function asNode(value: unknown): Node {
  return typeof value === 'object' && value !== null ? (value as Node) : {};
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function firstLine(message: unknown): string {
  return String(message).split('\n')[0] ?? '';
}
