import { readGolden } from '../../../test/fixtures/drift/columns.js';
import { chiSquareSurvival, erfc, gammaLower, gammaUpper, logGamma, normalSurvival } from './special-functions.js';

type Table = [...number[], number][];
const golden = readGolden('scipy.json') as Record<string, Table>;

/** Largest difference from scipy's values, relative to them (to 1 for those below 1e-290, which lose digits). */
function worstError(table: Table, compute: (...parameters: number[]) => number): number {
  const errors = table.map((line) => {
    const expected = line.at(-1)!;
    const scale = Math.abs(expected) < 1e-290 ? 1 : Math.abs(expected);
    return Math.abs(compute(...line.slice(0, -1)) - expected) / scale;
  });
  return Math.max(...errors);
}

describe('special functions, against scipy', () => {
  it.each([
    ['logGamma', logGamma],
    ['gammaLower', gammaLower],
    ['gammaUpper', gammaUpper],
    ['erfc', erfc],
    ['normalSurvival', normalSurvival],
    ['chiSquareSurvival', chiSquareSurvival],
  ] as [string, (...parameters: number[]) => number][])('%s', (name, compute) => {
    expect(golden[name]!.length).toBeGreaterThanOrEqual(10);
    expect(worstError(golden[name]!, compute)).toBeLessThan(2e-12);
  });

  it('keeps the digits of small tails', () => {
    expect(chiSquareSurvival(100, 5)).toBeCloseTo(5.2851e-20, 24);
    expect(chiSquareSurvival(10, 9)).toBeCloseTo(0.350485, 6);
    expect(chiSquareSurvival(Infinity, 3)).toBe(0);
    expect(normalSurvival(-Infinity)).toBe(1);
  });

  it('refuses arguments outside the domain', () => {
    expect(() => logGamma(0)).toThrow(RangeError);
    expect(() => gammaUpper(0, 1)).toThrow(RangeError);
    expect(() => gammaLower(1, -1)).toThrow(RangeError);
    expect(() => chiSquareSurvival(NaN, 1)).toThrow(RangeError);
    expect(() => chiSquareSurvival(1, 0)).toThrow(RangeError);
  });
});
