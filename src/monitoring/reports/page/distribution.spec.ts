import fc from 'fast-check';
import { categoryColumn, numericColumn, SAMPLES } from '../../../../test/support/report-samples.js';
import { xmlProblem } from '../../../../test/support/well-formed.js';
import type { ReportColumn } from '../report-document.js';
import { PLOT } from './canvas.js';
import { drawDistribution } from './distribution.js';

const rows = fc.record({ reference: fc.nat(), current: fc.nat() });
const edge = fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }));
const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constant('<script>'), fc.constant('"><img/onerror=1>'));
const bars = fc.array(fc.record({ label: text, lower: edge, upper: edge, reference: fc.nat(), current: fc.nat() }));

/** Bars whose edges are in order, as counting makes them, however close or far. */
const orderedBars = fc
  .tuple(
    fc.uniqueArray(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 2, maxLength: 20 }),
    fc.nat(),
    fc.nat(),
  )
  .map(([edges, reference, current]) => {
    const ends = [null, ...edges.sort((a, b) => a - b), null];
    return ends.slice(1).map((upper, i) => ({
      label: 'bar',
      lower: ends[i]!,
      upper,
      reference: reference % (i + 2),
      current: current % (i + 3),
    }));
  });
const anyColumn: fc.Arbitrary<ReportColumn> = fc
  .record({
    name: text,
    kind: fc.constantFrom('NUMERIC' as const, 'CATEGORICAL' as const),
    bars: fc.oneof(bars, orderedBars),
    missing: rows,
  })
  .map(({ name, ...distribution }) => ({ ...numericColumn(name, 1), distribution }));

describe('drawDistribution', () => {
  it('is well-formed, finite and asks for nothing, whatever the names, edges and counts', () => {
    fc.assert(
      fc.property(anyColumn, (column) => {
        const drawing = drawDistribution(column);
        expect(xmlProblem(drawing)).toBeUndefined();
        expect(drawing.replace(/<(title|desc|text)[^>]*>[^<]*/g, '')).not.toMatch(/NaN|Infinity|undefined/);
        expect(drawing).not.toMatch(/<script|<img|<a |<image|<use/);
      }),
      { numRuns: 500 },
    );
  });

  it('names no address but that of SVG itself', () => {
    for (const { columns } of Object.values(SAMPLES)) {
      for (const column of columns) {
        const drawing = drawDistribution(column).replace('xmlns="http://www.w3.org/2000/svg"', '');
        expect(drawing).not.toMatch(/https?:|url\(|@import|href/);
      }
    }
  });

  it('draws a category as long as its share', () => {
    const column = categoryColumn('weather', ['rain', 'sun', 'snow']);
    const drawing = drawDistribution({
      ...column,
      distribution: { ...column.distribution!, missing: { reference: 0, current: 0 } },
    });
    for (const side of ['reference', 'current'] as const) {
      const counts = column.distribution!.bars.map((bar) => bar[side]);
      const widths = [
        ...drawing.matchAll(new RegExp(`<rect class="${side} solid" x="116"[^>]* width="([^"]*)"`, 'g')),
      ].map(([, width]) => Number(width));
      expect(widths).toHaveLength(3);
      widths.forEach((width, i) => {
        expect(width / widths[0]!).toBeCloseTo(counts[i]! / counts[0]!, 2);
      });
    }
  });

  it('draws a bar as large as its share', () => {
    const column = numericColumn('wind', 1);
    const path = /<path class="current" d="([^"]*)"/.exec(drawDistribution(column))![1]!;
    const areas = [...path.matchAll(/M([\d.]+) [\d.]+V([\d.]+)H([\d.]+)V/g)].map(
      ([, left, top, right]) => (PLOT.bottom - Number(top)) * (Number(right) - Number(left)),
    );
    // The open ends are drawn last or first, but areas add up to one whatever their order.
    const drawn = column.distribution!.bars.map(({ current }) => current).filter((current) => current > 0);
    const perRow = areas.reduce((sum, area) => sum + area, 0) / drawn.reduce((sum, current) => sum + current, 0);
    expect(areas).toHaveLength(drawn.length);
    areas.forEach((area, i) => {
      if (drawn[i]! > 20) expect(area / perRow / drawn[i]!).toBeCloseTo(1, 1);
    });
  });

  it('tells a screen reader what moved', () => {
    const drawing = drawDistribution(categoryColumn('weather', ['rain', 'sun', 'snow']));
    expect(drawing).toContain('role="img"');
    expect(drawing).toContain('<title>Distribution of weather: reference and current rows</title>');
    expect(drawing).toMatch(/<desc>Largest rise: snow.* Largest fall: rain.* Missing: 0\.3.%.*<\/desc>/);
  });

  it('says that there is nothing to draw', () => {
    expect(drawDistribution(numericColumn('wind', 0, { distribution: null }))).toContain('No rows to draw');
  });

  it('has colours for light and dark of its own', () => {
    const drawing = drawDistribution(numericColumn('wind', 0));
    expect(drawing).toContain('@media screen and (prefers-color-scheme:dark){.drawing{');
  });
});
