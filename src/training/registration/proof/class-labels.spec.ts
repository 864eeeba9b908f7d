import type { ClassTarget, TrainingTable } from '../../../ml/train/table.js';
import { classLabels, withClasses } from './class-labels.js';

const targetOf = (...classes: string[]): ClassTarget => ({
  name: 'tier',
  task: 'CLASSIFICATION',
  classes,
  codes: Int32Array.of(0, 1, 0),
});

describe('classLabels', () => {
  it('takes the labels of the graph, in its order, also those that the data lack', () => {
    expect(classLabels(targetOf('a', 'b'), ['c', 'b', 'a'], null)).toEqual(['c', 'b', 'a']);
  });

  it('prefers those that are given', () => {
    expect(classLabels(targetOf('a', 'b'), ['0', '1'], ['b', 'a'])).toEqual(['b', 'a']);
  });

  it.each([[['0', '1']], [['False', 'True']], [['no', 'yes']], [['false', 'true']]])(
    'knows what %j means where the data hold booleans',
    (labels) => {
      expect(classLabels(targetOf('false', 'true'), labels, null)).toEqual(['false', 'true']);
    },
  );

  it('does not guess where others stand for the labels of the data', () => {
    const guess = (): unknown => classLabels(targetOf('no', 'yes'), ['0', '1'], null);
    expect(guess).toThrow(/Its classes are 0, 1, but tier holds no, yes.*give `classes`.*\["no","yes"\]/);
    expect(() => classLabels(targetOf('a', 'b'), undefined, null)).toThrow(/does not name its classes.*a, b/);
    expect(() => classLabels(targetOf('a', 'b'), undefined, ['a', 'x'])).toThrow(/given classes are a, x.*holds b/);
  });
});

describe('withClasses', () => {
  it('numbers rows as the scores are', () => {
    const target = targetOf('a', 'b');
    const table: TrainingTable = { rows: 3, features: [], target, warnings: [] };
    expect(withClasses(table, target, ['c', 'b', 'a']).target).toMatchObject({
      classes: ['c', 'b', 'a'],
      codes: Int32Array.of(2, 1, 2),
    });
  });
});
