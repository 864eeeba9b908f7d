/** A model of a demo: what it learns, and with which algorithms. */
export interface DemoModel {
  readonly name: string;
  readonly about: string;
  /** What it learns from. */
  readonly dataset: string;
  readonly task: 'CLASSIFICATION' | 'REGRESSION';
  readonly target: string;
  readonly features: readonly string[];
  readonly algorithms: readonly string[];
  readonly metrics: readonly string[];
}

/** A model of the weather, with a row to try it on. */
export interface WeatherModel extends DemoModel {
  readonly row: Readonly<Record<string, unknown>>;
}

/** Neither location nor date is a feature: the models shall learn weather, not where or when it was. */
export const MODELS: readonly WeatherModel[] = [
  {
    name: 'seattle-weather',
    about: 'the kind of weather',
    dataset: 'seattle',
    task: 'CLASSIFICATION',
    target: 'weather',
    features: ['precipitation', 'temp_max', 'temp_min', 'wind'],
    algorithms: ['LOGISTIC_REGRESSION', 'RANDOM_FOREST', 'GRADIENT_BOOSTING'],
    metrics: ['logLoss', 'accuracy', 'f1Macro'],
    row: { precipitation: 8.4, temp_max: 9.1, temp_min: 4.2, wind: 5.0 },
  },
  {
    name: 'seattle-temperature',
    about: 'the maximum temperature',
    dataset: 'seattle',
    task: 'REGRESSION',
    target: 'temp_max',
    features: ['precipitation', 'temp_min', 'wind', 'weather'],
    algorithms: ['LINEAR_REGRESSION', 'RANDOM_FOREST', 'GRADIENT_BOOSTING'],
    metrics: ['rmse', 'mae', 'r2'],
    row: { precipitation: 0, temp_min: 12.2, wind: 2.1, weather: 'sun' },
  },
];

/** The model that is watched in the second half. */
export const WATCHED: DemoModel = MODELS[1]!;
