import type { ColumnSchema } from '../datasets/extraction/column-types.js';
import { checkColumns, nearestName, type ModelColumns } from './model-columns.js';

const schema: ColumnSchema[] = [
  { name: 'date', type: 'DATE' },
  { name: 'precipitation', type: 'NUMBER' },
  { name: 'temp_max', type: 'NUMBER' },
  { name: 'rainy', type: 'BOOLEAN' },
  { name: 'weather', type: 'STRING' },
];
const model: ModelColumns = { task: 'CLASSIFICATION', target: 'weather', features: ['precipitation', 'temp_max'] };

function problem(change: Partial<ModelColumns>): string {
  try {
    checkColumns({ ...model, ...change }, schema);
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
}

describe('checkColumns', () => {
  it('accepts numbers, booleans and text as features, and as targets what fits the task', () => {
    expect(problem({ features: ['precipitation', 'rainy'] })).toBe('accepted');
    expect(problem({ target: 'rainy', features: ['weather'] })).toBe('accepted');
    expect(problem({ task: 'REGRESSION', target: 'temp_max', features: ['weather'] })).toBe('accepted');
  });

  it('suggests the nearest column for a slip, and lists the columns otherwise', () => {
    expect(problem({ target: 'Wether' })).toBe('The data has no column Wether for the target. Did you mean weather?');
    expect(problem({ features: ['tempmax'] })).toMatch(/no column tempmax for the feature\. Did you mean temp_max\?/);
    expect(problem({ features: ['humidity'] })).toMatch(/Its columns are date, precipitation, .*weather\.$/);
  });

  it('takes numbers as weights that are neither features nor the target, and weights of classes where there are some', () => {
    const weights = (column: string): string => problem({ features: ['temp_max'], weights: { column } });
    expect(weights('precipitation')).toBe('accepted');
    expect(weights('precipitatio')).toMatch(/no column precipitatio for the weight\. Did you mean precipitation\?/);
    expect(weights('temp_max')).toMatch(/temp_max is a feature, so it can't weigh the rows as well/);
    expect(weights('weather')).toMatch(/weather is the target/);
    expect(weights('rainy')).toMatch(/rainy is a BOOLEAN, but weights are numbers/);
    expect(problem({ weights: { classes: { sun: 2 } } })).toBe('accepted');
    const numbers = { task: 'REGRESSION', target: 'precipitation', features: ['rainy'] } as const;
    expect(problem({ ...numbers, weights: { classes: { sun: 2 } } })).toMatch(/a REGRESSION has none/);
  });

  it('refuses the target among the features, features twice, and none', () => {
    expect(problem({ features: ['weather'] })).toMatch(/it would predict itself/);
    expect(problem({ features: ['temp_max', 'temp_max'] })).toMatch(/temp_max stands in the list twice/);
    expect(problem({ features: [] })).toMatch(/at least one feature/);
  });

  it('refuses a task that does not fit the target', () => {
    expect(problem({ task: 'REGRESSION' })).toMatch(/weather is a STRING\. Use the task CLASSIFICATION, or cast/);
    expect(problem({ task: 'REGRESSION', target: 'rainy' })).toMatch(/rainy is a BOOLEAN/);
    expect(problem({ target: 'date' })).toMatch(/The target date holds a DATE/);
  });

  it('accepts moments as features and to order rows by', () => {
    expect(problem({ features: ['date'], split: { method: 'TIME', column: 'date' } })).toBe('accepted');
    expect(problem({ split: { method: 'TIME', column: 'temp_max' } })).toMatch(/temp_max is a NUMBER; rows can only/);
  });
});

describe('nearestName', () => {
  it('does not guess when nothing is near', () => {
    expect(nearestName('x', ['abc'])).toBeUndefined();
    expect(nearestName('', ['abc'])).toBeUndefined();
  });
});
