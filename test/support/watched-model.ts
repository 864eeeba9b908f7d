import {
  count,
  numericBinning,
  categoricalBinning,
  type Binning,
  type Values,
} from '../../src/ml/statistics/binning.js';
import { Random } from '../../src/ml/statistics/random.js';
import type { Reference } from '../../src/models/artifact/manifest.js';

/** A row of the models in served-model.ts. */
export interface WeatherRow {
  readonly wind: number;
  readonly precipitation: number | null;
  readonly holiday: boolean;
  readonly station: string;
}

/** Weather that does not change, whatever the seed; `windShift` in standard deviations of the wind. */
export function weatherRows(rows: number, seed: number, windShift = 0): WeatherRow[] {
  const random = new Random(seed);
  return Array.from({ length: rows }, () => ({
    wind: 10 + 3 * (normal(random) + windShift),
    precipitation: random.uniform() < 0.1 ? null : 50 * random.uniform(),
    holiday: random.uniform() < 0.3,
    station: random.uniform() < 0.6 ? 'north' : 'south',
  }));
}

/** What the model for TEMPERATURE answers. */
export function temperatureOf({ wind, precipitation, holiday, station }: WeatherRow): number {
  return 10 + 2 * wind - (precipitation ?? 0.5) + (holiday ? 4 : 0) + (station === 'north' ? 1 : -1);
}

/** The reference that a training of TEMPERATURE on these rows would leave. */
export function temperatureReference(rows: readonly WeatherRow[]): Reference {
  const numbers = (values: (row: WeatherRow) => number | null) => {
    const column = Float64Array.from(rows, (row) => values(row) ?? NaN);
    return distribution(numericBinning(column)!, column);
  };
  return {
    rows: rows.length,
    features: {
      wind: numbers(({ wind }) => wind),
      precipitation: numbers(({ precipitation }) => precipitation),
      holiday: numbers(({ holiday }) => Number(holiday)),
      station: distribution(
        categoricalBinning(['north', 'south']),
        rows.map(({ station }) => station),
      ),
    },
    output: numbers(temperatureOf),
  };
}

function distribution(binning: Binning, values: Values) {
  const counts = [...count(binning, values)];
  return binning.type === 'NUMERIC'
    ? { binning: { ...binning, upper: [...binning.upper] }, counts }
    : { binning: { ...binning, categories: [...binning.categories] }, counts };
}

/** Nearly normal with mean 0 and variance 1: the sum of twelve uniform numbers. */
function normal(random: Random): number {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += random.uniform();
  return sum;
}
