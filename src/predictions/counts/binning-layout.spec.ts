import type { Signature } from '../../ml/schema/signature.js';
import type { Reference } from '../../models/artifact/manifest.js';
import { digestOf, layoutOf, vectorLength } from './binning-layout.js';
import { RowBinner } from './row-binner.js';

const signature: Signature = {
  task: 'CLASSIFICATION',
  target: 'weather',
  features: [
    { name: 'wind', type: 'NUMBER', nullable: true },
    { name: '__proto__', type: 'NUMBER', nullable: true },
    { name: 'station', type: 'STRING', nullable: true, categories: ['north'] },
  ],
  classes: ['rain', 'sun'],
};

const reference: Reference = {
  rows: 3,
  features: {
    wind: { binning: { type: 'NUMERIC', lower: 0, upper: [1, 2] }, counts: [0, 1, 1, 1, 0] },
    station: { binning: { type: 'CATEGORICAL', categories: ['north', 'south'] }, counts: [1, 1, 1, 0] },
  },
  output: { binning: { type: 'CATEGORICAL', categories: ['rain', 'sun'] }, counts: [1, 2, 0, 0] },
};
const probability = { binning: { type: 'NUMERIC' as const, lower: 0.5, upper: [0.75, 1] }, counts: [0, 1, 2, 0, 0] };

describe('layoutOf', () => {
  it('takes the bins of the reference in the order of the signature, and makes up for those it lacks', () => {
    expect(layoutOf(signature, reference)).toEqual({
      features: [
        { name: 'wind', binning: { type: 'NUMERIC', lower: 0, upper: [1, 2] } },
        { name: '__proto__', binning: { type: 'NUMERIC', lower: 0, upper: [] } },
        { name: 'station', binning: { type: 'CATEGORICAL', categories: ['north', 'south'] } },
      ],
      output: { type: 'CATEGORICAL', categories: ['rain', 'sun'] },
      probability: null,
    });
    expect(layoutOf(signature, { ...reference, probability }).probability).toEqual(probability.binning);
  });

  it('is the same layout after the database has changed the order of keys', () => {
    const { output, features, rows } = reference;
    const reordered: Reference = {
      output,
      features: {
        station: features['station']!,
        wind: { counts: [], binning: { upper: [1, 2], type: 'NUMERIC', lower: 0 } },
      },
      rows,
    };
    expect(digestOf(layoutOf(signature, reordered))).toBe(digestOf(layoutOf(signature, reference)));
    expect(digestOf(layoutOf(signature, { ...reference, probability }))).not.toBe(
      digestOf(layoutOf(signature, reference)),
    );
  });
});

describe('RowBinner', () => {
  it('finds the same bins for a batch and for the rows that the log holds of it', () => {
    const layout = layoutOf(signature, { ...reference, probability });
    const binner = new RowBinner(layout);
    const outputs = [
      { value: 'sun', probabilities: { rain: 0.25, sun: 0.75 } },
      { value: 'rain', probabilities: { rain: 0.875, sun: 0.125 } },
    ];
    const columns = [Float32Array.of(1.5, NaN), Float32Array.of(-2, 0), ['south', '']];
    const inputs = [
      JSON.parse('{"wind":1.5,"__proto__":-2,"station":"south"}'),
      JSON.parse('{"wind":null,"__proto__":0,"station":null}'),
    ] as Record<string, unknown>[];
    const positions = binner.bin(columns, outputs);
    // wind has positions 0 to 4, __proto__ 5 to 7, station 8 to 11, the output 12 to 15, its probability 16 to 20.
    expect([...positions]).toEqual([2, 5, 9, 13, 17, 4, 6, 11, 12, 18]);
    expect(binner.binLogged(inputs.map((row, i) => ({ inputs: row, output: outputs[i]! })))).toEqual(positions);
    expect(binner.columns).toBe(5);
    expect(binner.length).toBe(21);
    expect(vectorLength(layout)).toBe(21);
  });
});
