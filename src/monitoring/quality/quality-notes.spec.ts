import { notesOn } from './quality-notes.js';

const signature = { classes: ['rain', 'sun'] };
const outcomes = (n: number) => Array.from({ length: n }, (_, i) => ({ outcome: i % 2 === 0 ? 'sun' : 'rain' }));

describe('notes on quality', () => {
  it.each([
    [0, 0, [], 'No predictions were made in this window.'],
    [7, 0, [], 'No outcome of these predictions is known yet.'],
    [90, 60, outcomes(40), 'Computed on 40 of the 60 predictions with outcomes, drawn by a seed.'],
    [90, 29, outcomes(29), 'There are only 29 outcomes: the true values may well lie outside of the bands.'],
    [
      90,
      30,
      new Array<{ outcome: string }>(30).fill({ outcome: 'sun' }),
      'Only the class sun occurred: metrics that compare it with others are unknown.',
    ],
  ])('of %d predictions, %d with outcome', (predictions, labelled, known, note) => {
    expect(notesOn({ signature, predictions, labelled, outcomes: known })).toEqual([note]);
  });

  it('are none where there is nothing to say', () => {
    expect(notesOn({ signature, predictions: 90, labelled: 40, outcomes: outcomes(40) })).toEqual([]);
    const equal = new Array<{ outcome: number }>(40).fill({ outcome: 3 });
    expect(notesOn({ signature: {}, predictions: 90, labelled: 40, outcomes: equal })).toEqual([]);
  });
});
