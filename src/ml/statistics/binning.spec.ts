import { categoricalBinning, count, countLength, numericBinning } from './binning.js';

describe('numericBinning', () => {
  it('puts equally many of many distinct values into each of 64 bins', () => {
    const values = Float64Array.from({ length: 6400 }, (_, i) => (i * 3779) % 6400);
    const binning = numericBinning(values)!;
    expect(binning.upper).toHaveLength(64);
    const counts = count(binning, values);
    expect(counts).toHaveLength(countLength(binning));
    expect([...counts]).toEqual([0, ...new Array<number>(64).fill(100), 0, 0]);
  });

  it('gives few distinct values a bin each, so that the shares of 0 and 1 can be told apart', () => {
    const binning = numericBinning(Float64Array.of(0, 1, 1, NaN, 1))!;
    expect(binning).toEqual({ type: 'NUMERIC', lower: 0, upper: [0, 1] });
    expect([...count(binning, Float64Array.of(0, 1, 1, NaN, 1))]).toEqual([0, 1, 3, 0, 1]);
  });

  it('keeps a value that fills half of the rows in one bin of its own', () => {
    const values = Float64Array.from({ length: 2000 }, (_, i) => (i < 1000 ? 0 : i));
    const binning = numericBinning(values)!;
    expect(binning.upper[0]).toBe(0);
    expect(count(binning, values)[1]).toBe(1000);
    expect(binning.upper.length).toBeLessThan(64);
  });

  it('counts values outside the training range, missing ones and both ends apart', () => {
    const binning = numericBinning(Float64Array.from({ length: 100 }, (_, i) => i))!;
    const counts = count(binning, Float64Array.of(-0.5, 0, 99, 99.5, Infinity, -Infinity, NaN));
    expect(counts[0]).toBe(2);
    expect(counts[1]).toBe(1);
    expect(counts[binning.upper.length]).toBe(1);
    expect(counts[binning.upper.length + 1]).toBe(2);
    expect(counts[binning.upper.length + 2]).toBe(1);
  });

  it('counts a number and its float32 rounding alike', () => {
    const values = Float64Array.from({ length: 500 }, (_, i) => i / 10 + 0.1);
    const binning = numericBinning(values)!;
    expect(count(binning, values)).toEqual(count(binning, Float32Array.from(values)));
    expect(count(binning, values)[0]).toBe(0);
  });

  it('is undefined without any known value', () => {
    expect(numericBinning(Float64Array.of(NaN, NaN))).toBeUndefined();
  });
});

describe('categoricalBinning', () => {
  const binning = categoricalBinning(['red', 'blue', '']);

  it('counts categories, unseen and missing strings, plain or coded', () => {
    const strings = ['red', 'blue', 'red', 'green', '', 'red'];
    const dictionary = ['green', 'blue', 'red'];
    const codes = Int32Array.of(2, 1, 2, 0, -1, 2);
    expect([...count(binning, strings)]).toEqual([3, 1, 1, 1]);
    expect([...count(binning, { codes, dictionary })]).toEqual([3, 1, 1, 1]);
    expect(countLength(binning)).toBe(4);
  });

  it('refuses numbers, as a numeric binning refuses strings', () => {
    expect(() => count(binning, Float64Array.of(1))).toThrow(TypeError);
    expect(() => count({ type: 'NUMERIC', lower: 0, upper: [1] }, ['1'])).toThrow(TypeError);
  });
});
