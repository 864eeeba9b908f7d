import { Random } from '../../statistics/random.js';
import { countClasses, type TrainingTable } from '../table.js';

/** Stream number of the random sequence, apart from those of trainers under the same seed. */
const SUBSAMPLE_STREAM = 0x5ab5;

/**
 * Row numbers in a seeded order of which every beginning is a sample of the table, and holds the smaller ones. For
 * classes it is stratified: each class has its share, and one row at least once there are as many rows as classes.
 */
export function samplingOrder({ rows, target }: TrainingTable, seed: number): Int32Array {
  const order = shuffled(rows, new Random(seed, SUBSAMPLE_STREAM));
  if (target.task === 'REGRESSION') return order;
  const counts = countClasses(target);
  const seen = new Int32Array(counts.length);
  const position = new Float64Array(rows);
  for (const row of order) {
    const code = target.codes[row]!;
    position[row] = seen[code]!++ / counts[code]!;
  }
  // The sort is stable: among equal positions the random order stays.
  return order.sort((a, b) => position[a]! - position[b]!);
}

function shuffled(rows: number, random: Random): Int32Array {
  const order = Int32Array.from({ length: rows }, (_, row) => row);
  for (let last = rows - 1; last > 0; last--) {
    const other = random.below(last + 1);
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
}
