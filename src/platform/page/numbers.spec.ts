import { axisLabels, figure, percent, probability } from './numbers.js';
import { axisFromZero, niceTicks } from './scale.js';

describe('numbers', () => {
  it('never show a share as none or all that is not', () => {
    expect([0, 0.0004, 0.012, 0.5, 0.9996, 1].map(percent)).toEqual([
      '0\u00a0%',
      '<\u00a00.1\u00a0%',
      '1.2\u00a0%',
      '50\u00a0%',
      '>\u00a099.9\u00a0%',
      '100\u00a0%',
    ]);
  });

  it('have the digits that mean something', () => {
    expect([0, 0.12345, -3.14159, 1234.56, 0.0000123, 1e12].map((value) => figure(value))).toEqual([
      '0',
      '0.123',
      '−3.14',
      '1,230',
      '1.23×10⁻⁵',
      '1×10¹²',
    ]);
    expect([3e-12, 0.0312, 1].map(probability)).toEqual(['<\u00a00.0001', '0.031', '>\u00a00.9999']);
  });

  it('label an axis so that different ticks read differently', () => {
    expect(axisLabels([0, 20, 40])).toEqual(['0', '20', '40']);
    expect(axisLabels([0, 500_000, 1_000_000])).toEqual(['0', '500K', '1M']);
    expect(axisLabels([100_000, 100_050])).toEqual(['100K', '100.05K']);
  });
});

describe('scales', () => {
  it('have ticks at multiples of 1, 2 and 5', () => {
    expect(niceTicks(34.8, 73.2, 5)).toEqual({ step: 10, ticks: [40, 50, 60, 70] });
    expect(niceTicks(-0.03, 0.11, 3)).toEqual({ step: 0.05, ticks: [0, 0.05, 0.1] });
    expect(axisFromZero(51.2, 3)).toEqual({ end: 60, ticks: [0, 20, 40, 60] });
    expect(axisFromZero(0, 3).end).toBeGreaterThan(0);
  });

  it.each([
    [1, 1],
    [NaN, 3],
    [-Infinity, Infinity],
    [1e17, 1e17 + 16],
  ])('have none between %p and %p', (low, high) => {
    expect(niceTicks(low, high, 5).ticks).toEqual([]);
  });
});
