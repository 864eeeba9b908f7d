import { formatMetric, formatProgress } from '../container/progress-line.js';
import { OutputTail } from './output-tail.js';

describe('OutputTail', () => {
  it('keeps the last progress, and lines for people only', () => {
    const tail = new OutputTail();
    tail.add('1979 rows');
    tail.add(formatProgress({ done: 36, total: 100, message: 'tree 36 of 100' }));
    tail.add(formatMetric('validation', 'logLoss', 3.1e-7));
    tail.add(formatProgress({ done: 37, total: 100, message: 'tree 37 of "100"' }));
    tail.add('nul \0 byte');
    expect(tail.log).toBe('1979 rows\nnul  byte\n');
    expect(tail.progress).toEqual({ done: 37, total: 100, message: "tree 37 of '100'" });
  });

  it('is bounded and drops whole lines from the start', () => {
    const tail = new OutputTail();
    for (let i = 0; i < 5_000; i++) tail.add(`line ${i}`);
    tail.add('x'.repeat(10_000));
    expect(tail.log.length).toBeLessThanOrEqual(16_000);
    expect(tail.log).toMatch(/^line \d+\n/);
    expect(tail.log).toMatch(/line 4999\nx{1000}\n$/);
  });
});
