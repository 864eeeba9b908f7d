import { MoreThan, type Repository } from 'typeorm';
import { type ChangeSubscription, RELOAD } from './change-subscription.js';

/** Most rows that a reader gets at once who has missed some. */
const MAX_MISSED = 100;
const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';

interface AddedRow {
  readonly id: string;
  readonly modelId: string;
}

/**
 * Rows of a table that only grows, from now on, in the order in which they are announced; one may come twice where the
 * connection to the database was lost between the two.
 * @param modelId undefined for rows of all models.
 */
export async function* addedRows<Row extends AddedRow>(
  table: Repository<Row>,
  modelId: string | undefined,
  signals: ChangeSubscription,
): AsyncGenerator<Row, void, undefined> {
  const query = () => {
    const rows = table.createQueryBuilder('row');
    return modelId === undefined ? rows : rows.where({ modelId });
  };
  const newest = await query().orderBy('row.id', 'DESC').getOne();
  let last = newest?.id ?? BEFORE_ALL;
  for await (const signal of signals) {
    const found = query().andWhere({ id: signal === RELOAD ? MoreThan(last) : signal.id });
    for (const row of await found.orderBy('row.id').take(MAX_MISSED).getMany()) {
      yield row;
      if (row.id > last) last = row.id;
    }
  }
}
