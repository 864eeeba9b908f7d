import { Random } from '../statistics/random.js';
import { leakageWarnings } from './leakage.js';
import { createTable, stringColumn, type Column } from './table.js';

const ROWS = 2000;
const random = new Random(1);
const uniform = Float64Array.from({ length: ROWS }, () => random.uniform());
const noise = Float64Array.from({ length: ROWS }, () => random.uniform());
const number = (name: string, values: Float64Array): Column => ({ name, type: 'NUMBER', values });
const labels = Array.from(uniform, (value) => (value < 0.9 ? 'kept' : 'left'));

function suspects(task: 'REGRESSION' | 'CLASSIFICATION', target: Column, features: readonly Column[]): string[] {
  return leakageWarnings(createTable(task, target, features)).map(({ code, feature }) => `${code} ${feature}`);
}

describe('leakageWarnings', () => {
  it('name a number that is the target in another form, whatever the form', () => {
    const found = suspects('REGRESSION', number('y', uniform), [
      number(
        'cents',
        uniform.map((value) => Math.round(value * 1e4)),
      ),
      number(
        'square',
        uniform.map((value) => (value - 0.5) ** 2),
      ),
      number(
        'hump',
        uniform.map((value) => -Math.exp(value)),
      ),
      number(
        'good',
        uniform.map((value, i) => value + 0.2 * noise[i]!),
      ),
      number('noise', noise),
    ]);
    expect(found).toEqual(['TARGET_LEAKAGE cents', 'TARGET_LEAKAGE hump']);
  });

  it('name what tells the class, text or number, also of a rare one', () => {
    const codes = labels.map((label, i) => (label === 'left' ? (i % 2 ? 'moved' : 'died') : ''));
    const found = suspects('CLASSIFICATION', stringColumn('status', labels), [
      stringColumn('reason', codes),
      number(
        'ended',
        Float64Array.from(labels, (label, i) => (label === 'left' ? i : NaN)),
      ),
      stringColumn(
        'id',
        labels.map((_, i) => `customer ${i}`),
      ),
      stringColumn(
        'town',
        labels.map((_, i) => `town ${i % 7}`),
      ),
      number('noise', noise),
    ]);
    expect(found).toEqual(['TARGET_LEAKAGE reason', 'TARGET_LEAKAGE ended']);
  });
});
