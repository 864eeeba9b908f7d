import { fitted, shorten, textWidth } from './labels.js';

describe('labels', () => {
  it('cut long text in one line, by characters', () => {
    expect(shorten('short')).toBe('short');
    expect(shorten('a\n\tb')).toBe('a b');
    expect(shorten('x'.repeat(10_000))).toHaveLength(120);
    expect(shorten('😀'.repeat(200), 3)).toBe('😀😀…');
    expect(shorten(' '.repeat(10_000))).toBe(' …');
  });

  it('fit a width', () => {
    expect(fitted('rain', 100, 12)).toBe('rain');
    const cut = fitted('Newcastle upon Tyne and Gateshead', 100, 12);
    expect(cut).toMatch(/^Newcastle.*…$/);
    expect(textWidth(cut, 12)).toBeLessThanOrEqual(100);
    expect(fitted('漢'.repeat(10_000), 60, 12).length).toBeLessThan(7);
  });
});
