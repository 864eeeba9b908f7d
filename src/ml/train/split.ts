import { finish, type Hash, hashText, hashWords } from '../statistics/hash.js';
import { TrainingDataError } from './errors.js';
import type { Column, TrainingTable } from './table.js';

/** Row numbers of each part, ascending. */
export interface Split {
  readonly train: Int32Array;
  readonly validation: Int32Array;
  readonly holdout: Int32Array;
}

const TRAIN_SHARE = 0.7;
const VALIDATION_SHARE = 0.15;

const LOW_SEED = 0x3c6e_f372;
const HIGH_SEED = 0x510e_527f;

/**
 * Divides rows 70/15/15 by a 64-bit hash of what a model sees of them: the values of all features, each hashed with its
 * column's name. Numbers count by their IEEE-754 bits (−0 as 0), strings by their UTF-16 units, missing values as such.
 * The hashes of a row's cells are added, so the order of columns doesn't matter either.
 *
 * A row therefore stays in its part in every later snapshot whatever the seed, and rows that look equal to a model
 * stand in the same part: a model can't have been trained on a holdout row. The target takes no part in the hash. If it
 * did, rows with equal features would be sorted by their label, and the holdout would hold other answers to the very
 * questions that were trained on. MurmurHash3 (Austin Appleby) is used twice with different seeds.
 *
 * @throws TrainingDataError TOO_FEW_ROWS if a part stays empty (few rows, or nearly all of them equal).
 */
export function splitRows(table: TrainingTable): Split {
  const parts = {
    train: new Int32Array(table.rows),
    validation: new Int32Array(table.rows),
    holdout: new Int32Array(table.rows),
  };
  const counts = { train: 0, validation: 0, holdout: 0 };
  const { low, high } = hashRows(table);
  for (let row = 0; row < table.rows; row++) {
    const part = partOf(low[row]!, high[row]!);
    parts[part][counts[part]++] = row;
  }
  for (const [part, count] of Object.entries(counts)) {
    if (count > 0) continue;
    const message = `Of ${table.rows} rows none fell into the ${part} part, since their features are empty or hardly differ. Check the features, or add rows that differ in them.`;
    throw new TrainingDataError('TOO_FEW_ROWS', message);
  }
  return {
    train: parts.train.slice(0, counts.train),
    validation: parts.validation.slice(0, counts.validation),
    holdout: parts.holdout.slice(0, counts.holdout),
  };
}

function partOf(low: number, high: number): keyof Split {
  const position = (high + low / 0x1_0000_0000) / 0x1_0000_0000;
  if (position < TRAIN_SHARE) return 'train';
  return position < TRAIN_SHARE + VALIDATION_SHARE ? 'validation' : 'holdout';
}

function hashRows(table: TrainingTable): { low: Uint32Array; high: Uint32Array } {
  const low = new Uint32Array(table.rows);
  const high = new Uint32Array(table.rows);
  for (const column of table.features) addColumn(column, low, high);
  for (let row = 0; row < table.rows; row++) {
    low[row] = finish(low[row]!);
    high[row] = finish(high[row]!);
  }
  return { low, high };
}

function addColumn(column: Column, low: Uint32Array, high: Uint32Array): void {
  const name = hashText(column.name, { low: LOW_SEED, high: HIGH_SEED });
  const missing = hashWords(0, 0, name);
  const add = (row: number, hash: Hash): void => {
    low[row] = low[row]! + hash.low;
    high[row] = high[row]! + hash.high;
  };
  if (column.type === 'STRING') {
    const hashes = column.dictionary.map((text) => hashText(text, name));
    column.codes.forEach((code, row) => {
      add(row, code < 0 ? missing : hashes[code]!);
    });
    return;
  }
  const number = new Float64Array(1);
  const words = new Uint32Array(number.buffer);
  column.values.forEach((value, row) => {
    number[0] = value + 0; // −0 + 0 = 0
    add(row, Number.isNaN(value) ? missing : hashWords(words[0]!, words[1]!, name));
  });
}
