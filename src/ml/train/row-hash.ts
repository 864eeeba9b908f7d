import { finish, type Hash, hashText, hashWords } from '../statistics/hash.js';
import type { Column, TrainingTable } from './table.js';

const LOW_SEED = 0x3c6e_f372;
const HIGH_SEED = 0x510e_527f;

/**
 * A number in [0, 1) for each row, from a 64-bit hash of what a model sees of it: the values of all features, each
 * hashed with its column's name. Numbers count by their IEEE-754 bits (−0 as 0), strings by their UTF-16 units, missing
 * values as such. The hashes of a row's cells are added, so the order of columns doesn't matter. MurmurHash3 (Austin
 * Appleby) is used twice with different seeds.
 */
export function hashPositions(table: TrainingTable): Float64Array {
  const low = new Uint32Array(table.rows);
  const high = new Uint32Array(table.rows);
  for (const column of table.features) addColumn(column, low, high);
  return Float64Array.from(low, (sum, row) => {
    return (finish(high[row]!) + finish(sum) / 0x1_0000_0000) / 0x1_0000_0000;
  });
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
