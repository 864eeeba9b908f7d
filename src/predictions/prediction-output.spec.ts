import type { Signature } from '../ml/schema/signature.js';
import { outputOf } from './prediction-output.js';

const features = [{ name: 'x', type: 'NUMBER', nullable: false }] as const;
const regression: Signature = { task: 'REGRESSION', target: 'y', features };
const classes: Signature = { task: 'CLASSIFICATION', target: 'y', features, classes: ['rain', 'sun', '__proto__'] };

const scores = (width: number, ...values: number[]) => ({
  rows: values.length / width,
  width,
  values: Float32Array.from(values),
});

const outputFor = (signature: Signature, batch: ReturnType<typeof scores>, row: number) =>
  outputOf(signature, batch, row)?.output;

describe('outputOf', () => {
  it('gives the number of a regression with no more digits than its float32 has', () => {
    expect(outputFor(regression, scores(1, 1, 0.3, -12.7), 1)).toEqual({ value: 0.3 });
    expect(outputFor(regression, scores(1, 1, 0.3, -12.7), 2)).toEqual({ value: -12.7 });
  });

  it('keeps every float32 exactly', () => {
    for (let i = 0; i < 2_000; i++) {
      const exact = Math.fround((Math.sin(i) * 10 ** ((i % 40) - 20)) / 3);
      const output = outputFor(regression, scores(1, exact), 0);
      expect(Math.fround(output?.value as number)).toBe(exact);
    }
  });

  it('decides for the most probable class, the first of equals', () => {
    const batch = scores(3, 0.2, 0.7, 0.1, 0.4, 0.4, 0.2);
    expect(outputFor(classes, batch, 0)?.value).toBe('sun');
    expect(outputFor(classes, batch, 1)?.value).toBe('rain');
  });

  it('names the probability of every class, whatever the class is called', () => {
    const output = outputFor(classes, scores(3, 0.25, 0.5, 0.25), 0);
    expect(JSON.stringify(output?.probabilities)).toBe('{"rain":0.25,"sun":0.5,"__proto__":0.25}');
  });

  it('has no answer where a score is not finite', () => {
    expect(outputOf(regression, scores(1, Infinity), 0)).toBeUndefined();
    expect(outputOf(classes, scores(3, 0.5, NaN, 0.5), 0)).toBeUndefined();
  });

  it.each([
    ['plain', ['rain', 'sun']],
    ['like integers, which objects keep first and in order', ['10', '2', 'b', '1', '-1', '01', '1.5']],
    ['in need of quoting', ['"', '\\', 'ü', '日本 😀', '\n', '']],
    ['like what objects inherit', ['__proto__', 'constructor', 'toString']],
  ])('writes as JSON what the object is, with labels that are %s', (_, labels) => {
    const signature: Signature = { ...classes, classes: labels };
    for (let best = 0; best < labels.length; best++) {
      const shares = labels.map((_label, i) => (i === best ? 0.9 : i / 1000));
      const written = outputOf(signature, scores(labels.length, ...shares), 0)!;
      expect(written.output.value).toBe(labels[best]);
      expect(Object.entries(written.output.probabilities!).toSorted()).toEqual(
        labels.map((label, i) => [label, shares[i]]).toSorted(),
      );
      expect(written.json).toBe(JSON.stringify(written.output));
    }
  });

  it.each([0, -0, 0.3, -12.7, 1e-7, 1e-10, 3e38, 2 ** 24])('writes the number %d as JSON does', (value) => {
    const written = outputOf(regression, scores(1, value), 0)!;
    expect(written.json).toBe(JSON.stringify(written.output));
  });
});
