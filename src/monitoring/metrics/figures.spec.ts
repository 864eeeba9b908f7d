import { scoreFigures } from './figures.js';

const labels = { model: 'weather', version: 3 };

describe('scores as figures', () => {
  it('are labelled by column and method', () => {
    const scores = [
      { feature: 'wind', method: 'psi', score: 0.3 },
      { feature: 'wind', method: 'missing_share', score: 0 },
    ];
    expect(scoreFigures(labels, scores)).toEqual([
      { labels: { ...labels, feature: 'wind', method: 'psi' }, value: 0.3 },
      { labels: { ...labels, feature: 'wind', method: 'missing_share' }, value: 0 },
    ]);
  });

  it('of more than 200 columns are summed up by the largest of each method', () => {
    const scores = Array.from({ length: 300 }, (_, i) => [
      { feature: `f${i}`, method: 'psi', score: i / 1000 },
      { feature: `f${i}`, method: 'missing_share', score: (300 - i) / 1000 },
    ]).flat();
    const figures = scoreFigures(labels, scores);
    expect(figures).toHaveLength(402);
    expect(figures.slice(-2)).toEqual([
      { labels: { ...labels, feature: '*', method: 'psi' }, value: 0.299 },
      { labels: { ...labels, feature: '*', method: 'missing_share' }, value: 0.1 },
    ]);
  });
});
