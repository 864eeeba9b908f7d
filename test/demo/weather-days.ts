import { fileURLToPath } from 'node:url';
import { Random } from '../../src/ml/statistics/random.ts';
import { readTable, type SourceRow } from './source-rows.ts';

const WEATHER = fileURLToPath(new URL('../../node_modules/vega-datasets/data/weather.csv', import.meta.url));
/** Share of Seattle's days that the source knows at first. */
const KNOWN_SHARE = 0.6;
/** Days in a batch of traffic: a window needs 500 rows, 50 for each of the ten groups that are compared. */
const BATCH_DAYS = 530;

/** The days of Seattle and New York, 2012–2015, dealt out at random: no day is in two of the parts. */
export interface WeatherDays {
  readonly header: string;
  /** Seattle, known to the source from the beginning. */
  readonly known: readonly SourceRow[];
  /** Seattle, held out: traffic that is like what the models learned. */
  readonly heldOut: readonly SourceRow[];
  /** New York, two batches of traffic from elsewhere. Once they are past, the source knows them, too. */
  readonly batches: readonly (readonly SourceRow[])[];
  /** New York, never seen by any training. */
  readonly unseen: readonly SourceRow[];
}

export function dealWeatherDays(seed: number): WeatherDays {
  const texts = ['location', 'date', 'weather'];
  const { header, rows } = readTable(WEATHER, texts, ({ location, date }) => `${location}/${date}`);
  const random = new Random(seed);
  const daysOf = (location: string): SourceRow[] =>
    shuffle(
      rows.filter(({ cells }) => cells['location'] === location),
      random,
    );
  const seattle = daysOf('Seattle');
  const newYork = daysOf('New York');
  const known = Math.round(seattle.length * KNOWN_SHARE);
  return {
    header,
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
