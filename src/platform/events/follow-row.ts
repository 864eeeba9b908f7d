import type { ChangeTopic } from './change.js';
import type { ChangeListener } from './change-listener.js';
import type { ChangeSubscription } from './change-subscription.js';

interface RowReader<Row> {
  /** Reads the row as it is. */
  readonly read: () => Promise<Row>;
  /** True once the row changes no more. */
  readonly isLast: (row: Row) => boolean;
}

/** A row as it is, and again after every change until its last. @throws what `read` throws for a row that isn't there. */
export async function followRow<Row>(
  listener: ChangeListener,
  topic: ChangeTopic,
  id: string,
  reader: RowReader<Row>,
): Promise<AsyncIterableIterator<Row>> {
  await reader.read();
  return listener.follow(
    topic,
    (change) => change.id === id,
    (signals) => statesOf(reader, signals),
  );
}

async function* statesOf<Row>(
  { read, isLast }: RowReader<Row>,
  signals: ChangeSubscription,
): AsyncGenerator<Row, void, undefined> {
  let row = await read();
  yield row;
  while (!isLast(row) && !(await signals.next()).done) {
    row = await read();
    yield row;
  }
}
