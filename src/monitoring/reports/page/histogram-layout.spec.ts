import { numericBars } from '../../../../test/support/report-samples.js';
import type { ReportBar } from '../report-document.js';
import { PLOT } from './canvas.js';
import { type Histogram, layOut } from './histogram-layout.js';
import { textWidth } from '../../../platform/page/labels.js';

const rows = (bars: readonly ReportBar[]): { reference: number; current: number } => ({
  reference: bars.reduce((sum, bar) => sum + bar.reference, 0),
  current: bars.reduce((sum, bar) => sum + bar.current, 0),
});

function laidOut(bars: readonly ReportBar[]): Histogram {
  return layOut(bars, rows(bars));
}

const bar = (lower: number | null, upper: number | null, reference: number, current = reference): ReportBar => ({
  label: '',
  lower,
  upper,
  reference,
  current,
});

describe('the layout of a histogram', () => {
  it.each([0, 0.5, 3])('gives every bar an area proportional to its rows, open ends included (shift %p σ)', (shift) => {
    const bars = numericBars(shift);
    const all = rows(bars);
    const { bars: placed } = laidOut(bars);
    for (const { bar: of, width, density } of placed) {
      expect(width * density.reference).toBeCloseTo(of.reference / all.reference, 10);
      expect(width * density.current).toBeCloseTo(of.current / all.current, 10);
    }
  });

  it('places bars by their edges on one scale, inside the plot and apart from the open ends', () => {
    const { bars: placed, caption } = laidOut(numericBars(1));
    const inner = placed.filter(({ open }) => !open);
    const scale = inner[0]!.width / (inner[0]!.bar.upper! - inner[0]!.bar.lower!);
    for (const { bar: of, width } of inner) expect(width).toBeCloseTo((of.upper! - of.lower!) * scale, 8);
    expect(caption).toBe('% of rows per 10');
    const sorted = [...placed].sort((a, b) => a.x - b.x);
    expect(sorted[0]!.x).toBe(PLOT.left);
    expect(sorted.at(-1)!.x + sorted.at(-1)!.width).toBeCloseTo(PLOT.right, 8);
    expect(sorted[1]!.x - sorted[0]!.width - sorted[0]!.x).toBeGreaterThan(4);
  });

  it('tells the share of rows per step of the axis', () => {
    const { bars: placed, unit } = laidOut([bar(0, 10, 50), bar(10, 20, 50)]);
    // 50 % of the rows in a bar of 10, with ticks at every 5: 25 % per 5.
    expect(100 * placed[0]!.density.reference * unit).toBeCloseTo(25, 8);
  });

  it('gives all intervals one width, and says so, if a long tail would hide the others', () => {
    const { bars: placed, caption } = laidOut([bar(0, 1, 400), bar(1, 2, 400), bar(2, 3, 100), bar(3, 10_000, 100)]);
    expect(new Set(placed.map(({ width }) => width.toFixed(6))).size).toBe(1);
    expect(caption).toBe('% of rows per interval (not to scale)');
  });

  it.each([
    ['no bar', []],
    ['one bar', [bar(1, 2, 5)]],
    ['a bar without edges', [bar(null, null, 5)]],
    ['bars of one value', [bar(null, 0, 1), bar(0, 0, 8), bar(1, 1, 3), bar(1, null, 0)]],
    ['edges beyond all numbers', [bar(-1e308, 0, 4), bar(0, 1e308, 4)]],
    ['no rows', [bar(0, 1, 0), bar(1, 2, 0)]],
  ])('copes with %s', (_, bars) => {
    for (const { x, width, density } of laidOut(bars).bars) {
      expect(width).toBeGreaterThan(0);
      expect([x, width, density.reference, density.current].every(Number.isFinite)).toBe(true);
    }
  });

  it('lets no two labels touch', () => {
    for (const bars of [numericBars(0), numericBars(2, [90_000, 1.2e6]), numericBars(1, [1e-5, 0])]) {
      const labels = [...laidOut(bars).labels].sort((a, b) => a.x - b.x);
      expect(labels.length).toBeGreaterThan(2);
      for (const [i, { x, text }] of labels.entries()) {
        const before = labels[i - 1];
        if (!before) continue;
        expect(x - textWidth(text, 12) / 2).toBeGreaterThan(before.x + textWidth(before.text, 12) / 2);
      }
    }
  });
});
