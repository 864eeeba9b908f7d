import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Random } from '../../src/ml/statistics/random.ts';

const WEATHER = fileURLToPath(new URL('../../node_modules/vega-datasets/data/weather.csv', import.meta.url));
/** Share of Seattle's days that the source knows at first. */
const KNOWN_SHARE = 0.6;
/** Days in a batch of traffic: a window needs 500 rows, 50 for each of the ten groups that are compared. */
const BATCH_DAYS = 530;

/** A day as the source has it: one line of the CSV file, and its cells by column. */
export interface Day {
  readonly line: string;
  readonly cells: Readonly<Record<string, string>>;
}

/** The days of Seattle and New York, 2012–2015, dealt out at random: no day is in two of the parts. */
export interface WeatherDays {
  readonly header: string;
  /** Seattle, known to the source from the beginning. */
  readonly known: readonly Day[];
  /** Seattle, held out: traffic that is like what the models learned. */
  readonly heldOut: readonly Day[];
  /** New York, two batches of traffic from elsewhere. Once they are past, the source knows them, too. */
  readonly batches: readonly (readonly Day[])[];
  /** New York, never seen by any training. */
  readonly unseen: readonly Day[];
}

export function dealWeatherDays(seed: number): WeatherDays {
  const [header, ...lines] = readFileSync(WEATHER, 'utf8').trim().split('\n');
  const names = header!.split(',');
  const days = lines.map((line) => {
    const values = line.split(',');
    return { line, cells: Object.fromEntries(names.map((name, i) => [name, values[i]!])) };
  });
  const random = new Random(seed);
  const daysOf = (location: string): Day[] =>
    shuffle(
      days.filter(({ cells }) => cells['location'] === location),
      random,
    );
  const seattle = daysOf('Seattle');
  const newYork = daysOf('New York');
  const known = Math.round(seattle.length * KNOWN_SHARE);
  return {
    header: header!,
    known: seattle.slice(0, known),
    heldOut: seattle.slice(known),
    batches: [newYork.slice(0, BATCH_DAYS), newYork.slice(BATCH_DAYS, 2 * BATCH_DAYS)],
    unseen: newYork.slice(2 * BATCH_DAYS),
  };
}

/** Fisher and Yates's shuffle. */
function shuffle<T>(items: readonly T[], random: Random): T[] {
  const shuffled = [...items];
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
  }
  return shuffled;
}
